"""The page a signed-in resident stands on when no pages are above the provider: who it is, what waits, and the way out."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext

from ...foundation.web.callers import Caller, called_by
from ...foundation.web.home import Home
from ...logins import current_login
from ...residents import resident_profile
from ..decoupled import approvals_waiting
from ..server import provider

bp = Blueprint("plain_home", __name__, template_folder="templates")


@bp.get("/")
@called_by(Caller.ANYONE)
def front() -> ResponseReturnValue:
    """The provider's address."""
    return redirect(url_for("plain_home.account"), 302)


@bp.get("/account")
@called_by(Caller.RESIDENT)
def account() -> Response:
    """Name and unified ID, and what can be done here."""
    op, resident_id = provider(), current_login().resident_id
    with op.parts.database.read() as session:
        html = render_template(
            "oidc/plain_home.html",
            profile=resident_profile(session, op.parts.vault, resident_id),
            approvals=approvals_waiting(session, resident_id),
        )
    return Response(html, content_type="text/html; charset=utf-8")


def _install(app: Flask) -> None:
    app.register_blueprint(bp)


PLAIN_HOME = Home(
    package="idp",
    install=_install,
    front="plain_home.front",
    start="plain_home.account",
    credentials="plain_home.account",
    mine=lazy_gettext("my account"),
    yours=lazy_gettext("your account"),
)
