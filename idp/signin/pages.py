"""The first page of signing in, and the way on from it."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import update
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from ..audit import AuditEventType, appends, record
from ..foundation.context import parts
from ..foundation.driver import Change
from ..foundation.ids import new_secret
from ..foundation.vault import digest
from ..foundation.web import cookies
from ..foundation.web.callers import Caller, called_by
from ..foundation.web.home import start_url
from ..foundation.web.language import prefer
from ..foundation.web.leaving import by_page, way_leads_to
from ..foundation.web.paths import local_path
from ..logins import AccountStoppedError, current_login_or_none, device_label, levels, start_session, starts_session
from ..logins.model import LoginSession
from . import attempts
from .model import SignInAttempt

bp = Blueprint("signin", __name__, template_folder="templates")


@bp.get("/signin")
@called_by(Caller.BROWSER)
def begin() -> ResponseReturnValue:
    """Sign in for our own pages; `next` is a path of ours."""
    target = local_path(request.args.get("next"), start_url())
    if current_login_or_none() is not None:
        return redirect(target, 303)
    with parts().database.write() as session:
        attempt_id = attempts.begin(session, target)
    return redirect(url_for("signin.start", attempt_id=attempt_id), 303)


@bp.get("/signin/<attempt_id>")
@called_by(Caller.BROWSER)
def start(attempt_id: str) -> ResponseReturnValue:
    """The ways to sign in. A tab that finds the person signed in meanwhile just goes on."""
    attempt = attempts.load(parts().database, attempt_id)
    login = current_login_or_none()
    if login is not None and login.authenticated_at >= attempt.created_at:
        return redirect(attempt.continue_to, 303)
    again = login is not None and attempt.client_id is None
    return start_page(
        attempt, gettext("For your safety, please sign in once more before this step.") if again else None
    )


def sign_in_again(continue_to: str) -> ResponseReturnValue:
    """Ask somebody who is signed in to prove themself anew, and bring them back to a page of ours."""
    with parts().database.write() as session:
        attempt_id = attempts.begin(session, continue_to)
    return redirect(url_for("signin.start", attempt_id=attempt_id), 303)


def renew_login(session: Session, response: BaseResponse) -> BaseResponse:
    """Have `response` bring this browser a new cookie for its login: a copy of the old one, in other hands, opens nothing any more.

    Pressed twice, only the first renews it, whichever answer the browser takes last.
    """
    token = new_secret()
    renewed = session.execute(
        update(LoginSession)
        .where(LoginSession.token_digest == digest(cookies.get_cookie(cookies.SESSION) or ""))
        .values(token_digest=digest(token))
        .returning(LoginSession.session_id)
    ).first()
    if renewed is not None:
        cookies.set_cookie(response, cookies.SESSION, token, None)  # type: ignore[arg-type]
    return response


def start_page(attempt: SignInAttempt, message: str | None = None, status: int = 200) -> Response:
    """Render the first page, with an error text if there is one."""
    asked = describe(attempt)
    if parts().settings.card_reader_url:
        way_leads_to(parts().settings.card_reader_url)
    html = render_template(
        "signin/start.html",
        client_name=asked.get("client_name"),
        client_logo=asked.get("client_logo"),
        passkey_options_url=url_for("passkey.signin_options", attempt_id=attempt.attempt_id),
        passkey_verify_url=url_for("passkey.signin_verify", attempt_id=attempt.attempt_id),
        card_start_url=url_for("card.start", attempt_id=attempt.attempt_id)
        if parts().settings.card_reader_url
        else None,
        code_url=url_for("code.show", attempt_id=attempt.attempt_id),
        message=message or asked.get("message"),
        phone=parts().settings.counter_phone,
    )
    return Response(html, status, content_type="text/html; charset=utf-8")


def describe(attempt: SignInAttempt) -> dict[str, str]:
    """What the page says about who asked; also lets the page's forms lead to the app's address in the end."""
    from flask import current_app

    if attempt.client_id is None:
        return {}
    described: dict[str, str] = current_app.extensions["machi_describe_attempt"](attempt)
    prefer(described.get("ui_locales"))
    if target := described.get("redirect_uri"):
        way_leads_to(target)
    return described


def complete(
    attempt: SignInAttempt, resident_id: str, factor: levels.Factor, *, first: bool = False
) -> tuple[str, str]:
    """Start the session; returns `(cookie value, where to go)`. The caller sets the cookie on its answer.

    Raises `AccountStoppedError`, which becomes a page of its own (account_stopped.py).
    """
    with parts().database.write() as session:
        started = start_login(session, resident_id, factor)
    token = cookie_of(started)
    target = url_for("welcome.show", attempt_id=attempt.attempt_id) if first else attempt.continue_to
    return token, target


def start_login(session: Session, resident_id: str, factor: levels.Factor) -> str | AccountStoppedError:
    """The cookie of a new login, or why there is none, which is then in the record: nothing leaves the transaction as an exception."""
    device = device_label(request.headers.get("User-Agent", ""))
    try:
        return start_session(session, parts().settings, resident_id, factor, device)
    except AccountStoppedError as stopped:  # before anything was written
        about = {"method": factor.kind, "state": stopped.state}
        record(session, AuditEventType.SIGN_IN_REFUSED, resident_id=resident_id, **about)
        return stopped


def starts_login(
    session: Session, resident_id: str, state: str, factor: levels.Factor
) -> tuple[str | AccountStoppedError, list[Change]]:
    """The same for whoever knows the resident's `state` and writes all at once: with what is to be written."""
    device = device_label(request.headers.get("User-Agent", ""))
    try:
        return starts_session(session, parts().settings, resident_id, state, factor, device)
    except AccountStoppedError as stopped:
        about = {"method": factor.kind, "state": stopped.state}
        return stopped, [appends(session, AuditEventType.SIGN_IN_REFUSED, resident_id=resident_id, **about)]


def cookie_of(started: str | AccountStoppedError) -> str:
    """Raises what kept a login from starting."""
    if isinstance(started, AccountStoppedError):
        raise started
    return started


def sign_in_response(token: str, target: str) -> Response:
    """Send the browser on, signed in; from here its way may lead to the app."""
    response = by_page(redirect(target, 303))
    cookies.set_cookie(response, cookies.SESSION, token, None)
    return response
