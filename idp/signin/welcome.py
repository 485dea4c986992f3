"""After the first sign-in: here is your unified ID, and would you like a passkey."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, url_for
from flask.typing import ResponseReturnValue

from ..foundation.context import parts
from ..foundation.web.callers import Caller, called_by
from ..logins import current_login
from ..residents import resident_profile
from . import attempts
from .pages import describe

bp = Blueprint("welcome", __name__)


@bp.get("/signin/<attempt_id>/welcome")
@called_by(Caller.RESIDENT)
def show(attempt_id: str) -> ResponseReturnValue:
    """Shown once per claim; going on leads to what the person came for."""
    with parts().database.read() as session:
        attempt = attempts.find(session, attempt_id)
        profile = resident_profile(session, parts().vault, current_login().resident_id)
    describe(attempt)
    html = render_template(
        "signin/welcome.html",
        unified_id=profile.unified_id,
        resident_name=profile.name,
        options_url=url_for("passkey.add_options"),
        verify_url=url_for("passkey.add_verify", attempt=attempt_id),
        continue_url=attempt.continue_to,
    )
    return Response(html, content_type="text/html; charset=utf-8")
