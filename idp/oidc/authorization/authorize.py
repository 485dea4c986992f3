"""Authorization endpoint (OIDC Core §3.1.2): three tables of checks, one after the other; what passes all of them gets a code.

The form it came in (`request_forms`), what it asks (`authorize_checks`), and the login it meets (`standing_checks`). With a live login
and a standing consent all pass without a page, in one round trip.
"""

from __future__ import annotations

import logging
from dataclasses import replace

import orjson
from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ...foundation import clock
from ...foundation.database import from_ms
from ...foundation.unavailable import UnavailableError
from ...foundation.vault import digest
from ...foundation.web.callers import Caller, called_by
from ...foundation.web.cookies import SESSION, get_cookie
from ...foundation.web.errors import ProblemError
from ...foundation.web.language import prefer
from ...logins import keep_alive
from ...signin import attempts
from ...signin.model import SignInAttempt
from ..client_metadata import is_hybrid
from ..errors import AccessDeniedError, OAuth2Error
from ..logout import session_state
from ..policy import code_seconds
from ..server import (
    ASK_LATER,
    OUTAGE_ERROR,
    ParameterError,
    Provider,
    provider,
    sent_well,
    single_parameters,
    told,
    was_sent,
)
from ..storage import LoginFacts
from ..tokens import Code, give_code
from .authorize_checks import check_request, prove_client_and_redirect
from .authorize_request import AuthorizationError, AuthorizationRequest
from .facts import facts_of_request, rich_of
from .freshness import as_claimed, authenticated_since
from .hybrid import hybrid_values
from .login_checks import CHECKS, Missing, Situation
from .participation import join
from .pushed import complete
from .request_forms import FORM_CHECKS, open_request
from .response import respond

log = logging.getLogger("machi.authorize")

bp = Blueprint("authorize", __name__, template_folder="templates")


@bp.route("/authorize", methods=["GET", "POST"])
@called_by(Caller.ANYONE)
def authorize() -> ResponseReturnValue:
    """Start: from an app, by a link or a form."""
    op, sent, asked = provider(), request, None
    encoded = sent.query_string if sent.method == "GET" else sent.get_data(cache=False)
    try:
        parameters = single_parameters(encoded)
    except ParameterError as error:
        return error_response(AuthorizationError(whom_to_tell(op, encoded), "invalid_request", str(error)))
    try:
        opened = open_request(op, parameters)
        asked = check_request(op, opened.parameters)
        asked.pushed, asked.signed = opened.pushed, opened.signed
        FORM_CHECKS.run(op, asked)
        if sent.method == "POST" and "none" not in asked.prompt:
            # A form from another site comes without our (SameSite=Lax) cookies; coming back by GET it has them.
            return _to_attempt(asked, "authorize.resume")
        return decide(asked, None)
    except AuthorizationError as error:
        return error_response(error)
    except UnavailableError:
        if asked is None:  # client and address are not proven: nobody is told but the browser
            raise
        log.warning("the database is away at authorize.authorize")
        return _tell(AuthorizationError(asked, OUTAGE_ERROR, ASK_LATER))  # a request_uri stays good


@bp.get("/authorize/<attempt_id>")
@called_by(Caller.BROWSER)
def resume(attempt_id: str) -> ResponseReturnValue:
    """Go on after signing in: the whole request is checked again (Keycloak CVE-2026-7571)."""
    attempt = attempts.load(provider().parts.database, attempt_id)
    try:
        return decide(request_of(attempt), attempt)
    except AuthorizationError as error:
        return error_response(error)


def whom_to_tell(op: Provider, encoded: bytes) -> AuthorizationRequest:
    """Client and redirect URI of a request that cannot be read, if they themselves can (RFC 6749 §4.1.2.1). Raises `ProblemError`."""
    well = sent_well(encoded)
    well.pop("request_uri", None)  # nothing is used up by what cannot be read
    if "client_id" not in well or ("redirect_uri" not in well and was_sent(encoded, "redirect_uri")):
        raise ProblemError(
            400, "invalid_request", "The app sent a request that we cannot read. Please tell the department."
        )
    return prove_client_and_redirect(op, well)


def request_of(attempt: SignInAttempt) -> AuthorizationRequest:
    """The authorization request an attempt is for, checked anew. Raises like `check_request`."""
    if attempt.request is None:
        raise ProblemError(404, "no_request", "This sign-in is not for an app.")
    return check_request(provider(), orjson.loads(attempt.request))


def decide(asked: AuthorizationRequest, attempt: SignInAttempt | None, agreed: bool = False) -> ResponseReturnValue:
    """Answer with a code, or lead to the page that is missing: sign-in or consent. With all standing it is one look-up."""
    op = provider()
    prefer(asked.parameters.get("ui_locales"))
    situation = look(asked, attempt, agreed)
    missing = CHECKS.run(op, situation)
    if missing is None and not joined(situation.login):
        with op.parts.database.write() as session:
            join(session, asked, situation.login)
        situation = look(asked, attempt, agreed)
        missing = CHECKS.run(op, situation)
        if missing is None and not joined(situation.login):
            missing = Missing.LOGIN  # it ended in between
    if missing is not None:
        return lead_to(missing, asked, attempt)
    login = situation.login
    keep_alive(login.session_id, from_ms(login.seen_at))
    return code_response(asked, _code(op, asked, login, clock.epoch_ms()), login)


def look(asked: AuthorizationRequest, attempt: SignInAttempt | None, agreed: bool = False) -> Situation:
    """What the request meets: one look-up, none without a session cookie."""
    op, now, token = provider(), clock.epoch_ms(), get_cookie(SESSION)
    since = authenticated_since(asked, attempt)
    login = None
    if token:
        idle_since = now - op.parts.settings.session_idle_seconds * 1000
        login = op.store.login_facts(digest(token), asked.client.sector, asked.client.client_id, now, idle_since)
    if login is not None:
        login = as_claimed(login, since)
    return Situation(asked, login, since, attempt, agreed)


def joined(login: LoginFacts) -> bool:
    """Whether the app takes part in the login, with a subject and a `sid` of its own."""
    return login.sub is not None and login.sid is not None


def _code(op: Provider, asked: AuthorizationRequest, login: LoginFacts, now: int) -> str:
    expires_at = now + code_seconds(asked.client, op.parts.settings.code_seconds) * 1000
    return give_code(
        op,
        Code(
            grant=replace(facts_of_request(asked, login, expires_at), rich=rich_of(asked)),
            redirect_uri=asked.redirect_uri,
            redirect_given=asked.redirect_given,
            challenge=asked.parameters.get("code_challenge", ""),
            key_binding=f"jkt:{asked.parameters['dpop_jkt']}" if "dpop_jkt" in asked.parameters else None,
        ),
    )


def code_response(asked: AuthorizationRequest, code: str, login: LoginFacts) -> ResponseReturnValue:
    """The successful authorization response."""
    if "request_uri" in asked.parameters and not complete(provider(), asked.parameters["request_uri"]):
        raise AuthorizationError(asked, "invalid_request_uri", "The request_uri was used before.")
    values: dict[str, str | None] = {"code": code}
    if is_hybrid(asked.parameters["response_type"]):
        try:
            values = hybrid_values(provider(), asked, code, login)
        except OAuth2Error as error:
            kind = error.error if isinstance(error, AccessDeniedError) else "server_error"
            raise AuthorizationError(asked, kind, str(error.description)) from None
    values["state"] = asked.state
    values["session_state"] = session_state(asked.client, asked.redirect_uri, login.session_id)
    return respond(asked.client, asked.redirect_uri, asked.response_mode, values)


def error_response(error: AuthorizationError) -> ResponseReturnValue:
    """The error response to the app (RFC 6749 §4.1.2.1)."""
    if "request_uri" in error.request.parameters:
        complete(provider(), error.request.parameters["request_uri"])
    return _tell(error)


def _tell(error: AuthorizationError) -> ResponseReturnValue:
    asked = error.request
    values = {**told({"error": error.error, "error_description": error.description}), "state": asked.state}
    return respond(asked.client, asked.redirect_uri, asked.response_mode, values)


def lead_to(missing: Missing, asked: AuthorizationRequest, attempt: SignInAttempt | None) -> ResponseReturnValue:
    """To the page for what is missing, unless the app wants none (`prompt=none`)."""
    if "none" in asked.prompt:
        raise AuthorizationError(asked, missing.error, "A page would have to be shown, and prompt is none.")
    if attempt is not None and not missing.anew:
        return redirect(url_for(missing.page, attempt_id=attempt.attempt_id), 303)
    return _to_attempt(asked, missing.page)


def _to_attempt(asked: AuthorizationRequest, endpoint: str) -> ResponseReturnValue:
    op = provider()
    with op.parts.database.write() as session:
        attempt_id = attempts.begin(
            session,
            url_for("authorize.authorize") + "/{id}",
            client_id=asked.client.client_id,
            parameters=asked.parameters,
        )
    return redirect(url_for(endpoint, attempt_id=attempt_id), 303)
