"""Staff's way in and out: sign in, make a passkey from a link, sign out."""

from __future__ import annotations

import logging
from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ..audit import AuditEventType, record
from ..credentials import webauthn_core
from ..foundation.context import parts
from ..foundation.web import cookies
from ..foundation.web.callers import Caller, called_by
from ..foundation.web.cookies import browser_digest
from ..foundation.web.errors import ProblemError
from ..foundation.web.network import client_network
from ..foundation.web.paths import local_path
from . import passkeys, sessions
from .entrances import entrances, leads_to_staff
from .guard import any_staff
from .members import invited, use_invitation
from .sessions import current_staff, current_staff_or_none

bp = Blueprint("staff", __name__, url_prefix="/staff", template_folder="templates")
log = logging.getLogger("machi.staff")


@bp.get("/")
@any_staff
def home() -> ResponseReturnValue:
    """Where a sign-in leads that was for no page: the pages that are theirs, or the one there is."""
    open_here = entrances(current_staff())
    if len(open_here) == 1:
        return redirect(url_for(open_here[0].endpoint), 303)
    return _bare("home", staff=current_staff(), entrances=open_here)


@bp.get("/signin")
@called_by(Caller.BROWSER)
def signin() -> ResponseReturnValue:
    """The one way in: a passkey."""
    target = _where_to()
    if current_staff_or_none() is not None:
        return redirect(target, 303)
    return _bare("signin", next_path=target)


@bp.post("/signin/options")
@called_by(Caller.BROWSER)
def signin_options() -> ResponseReturnValue:
    """PublicKeyCredentialRequestOptions with a fresh challenge."""
    _count("options")
    return jsonify(passkeys.signin_options(parts().vault, parts().settings, browser_digest()))


@bp.post("/signin")
@called_by(Caller.BROWSER)
def signin_verify() -> ResponseReturnValue:
    """Check the assertion and sign in: `{"next": path}`."""
    _count("signin")
    credential, refused, token = _body(), None, ""
    with parts().database.write() as session:
        try:
            member = passkeys.verify_signin(session, parts().vault, parts().settings, credential, browser_digest())
            token = sessions.start(session, member)
        except (
            webauthn_core.PasskeyError
        ) as error:  # the used challenge and the event are written, so no exception leaves
            record(session, AuditEventType.STAFF_REFUSED, reason=error.reason)
            refused = error
    if refused is not None:
        log.info("staff passkey refused: %s", refused.reason)
        raise ProblemError(400, "passkey_refused", "That passkey did not work here.")
    return _signed_in(token, _where_to(), 200)


@bp.get("/enrol/<token>")
@called_by(Caller.BROWSER)
def enrol(token: str) -> ResponseReturnValue:
    """The page a link leads to."""
    with parts().database.read() as session:
        member = invited(session, token)
    if member is None:
        raise ProblemError(410, "link_used", "This link was used already or is too old. Ask for a new one.")
    return _bare("enrol", member=member, token=token)


@bp.post("/enrol/<token>/options")
@called_by(Caller.BROWSER)
def enrol_options(token: str) -> ResponseReturnValue:
    """PublicKeyCredentialCreationOptions."""
    _count("enrol")
    with parts().database.read() as session:
        member = invited(session, token)
        if member is None:
            raise ProblemError(410, "link_used", "This link was used already or is too old. Ask for a new one.")
        return jsonify(passkeys.add_options(session, parts().vault, parts().settings, member, browser_digest()))


@bp.post("/enrol/<token>")
@called_by(Caller.BROWSER)
def enrol_verify(token: str) -> ResponseReturnValue:
    """Keep the passkey, use the link up and sign in: 201 `{"next"}`."""
    _count("enrol")
    credential, refused, cookie = _body(), None, ""
    with parts().database.write() as session:
        member = invited(session, token)
        if member is None:
            raise ProblemError(410, "link_used", "This link was used already or is too old. Ask for a new one.")
        try:
            passkeys.verify_add(session, parts().vault, parts().settings, member, credential, browser_digest())
            if not use_invitation(session, token):
                raise ProblemError(410, "link_used", "This link was used already or is too old. Ask for a new one.")
            cookie = sessions.start(session, member)
        except webauthn_core.PasskeyError as error:
            record(session, AuditEventType.STAFF_REFUSED, reason=error.reason)
            refused = error
    if refused is not None:
        log.info("staff passkey not added: %s", refused.reason)
        raise ProblemError(400, "passkey_refused", "The passkey could not be added. Please try again.")
    return _signed_in(cookie, url_for("staff.home"), 201)


@bp.post("/signout")
@any_staff
def signout() -> ResponseReturnValue:
    """End this login."""
    with parts().database.write() as session:
        sessions.end(session, current_staff().session_id)
    response = redirect(url_for("staff.signin"), 303)
    cookies.clear_cookie(response, sessions.COOKIE)  # type: ignore[arg-type]
    return response


def _signed_in(token: str, target: str, status: int) -> Response:
    response = jsonify({"next": target})
    response.status_code = status
    cookies.set_cookie(response, sessions.COOKIE, token, None, "Strict")
    return response


def _where_to() -> str:
    """`?next=` if it is a page for staff, else their first page."""
    home = url_for("staff.home")
    target = local_path(request.args.get("next"), home)
    return target if leads_to_staff(target) else home


def _count(what: str) -> None:
    parts().limits.hit(parts().settings.signin_limit, f"staff-{what}", client_network(), browser_digest())


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise ProblemError(400, "malformed", "The request is not a JSON object.")
    return body


def _bare(name: str, **values: Any) -> Response:
    html = render_template(f"staff/{name}.html", home_href=url_for("staff.home"), **values)
    return Response(html, content_type="text/html; charset=utf-8")
