"""Authorization endpoint (OIDC Core §3.1.2). With a live login and a standing consent it answers without a page, in one round trip."""

from __future__ import annotations

from dataclasses import replace

import orjson
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AccessDeniedError
from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from ..foundation import clock
from ..foundation.database import from_ms, to_ms
from ..foundation.here import here
from ..foundation.vault import digest
from ..foundation.web.callers import Caller, called_by
from ..foundation.web.cookies import SESSION, get_cookie
from ..foundation.web.errors import ProblemError
from ..foundation.web.language import prefer
from ..signin import attempts
from ..signin.levels import reaches
from ..signin.model import SignInAttempt
from ..signin.sessions import keep_alive
from .authorize_request import AuthorizationError, AuthorizationRequest, check_request
from .codes import Code, facts_of_request, give_code
from .fapi import code_seconds
from .freshness import as_claimed, authenticated_since
from .grant_management import is_of_resident
from .hybrid import hybrid_values
from .id_token import read_hint
from .participation import join
from .provider import Provider, provider
from .pushed import complete
from .request import ParameterError, single_parameters
from .request_forms import open_request, require_form
from .response import respond
from .response_types import is_hybrid
from .rich_request import rich_of
from .session_management import session_state
from .step_up import levels_of, should_step_up
from .storage.interface import Standing
from .tokens import TokenError

bp = Blueprint("authorize", __name__, template_folder="templates")


@bp.route("/authorize", methods=["GET", "POST"])
@called_by(Caller.ANYONE)
def authorize() -> ResponseReturnValue:
    """Start: from an app, by a link or a form."""
    op, sent = provider(), here()
    try:
        parameters = single_parameters(sent.query_string if sent.method == "GET" else sent.get_data(cache=False))
    except ParameterError:
        raise ProblemError(
            400, "invalid_request", "The app sent a request that we cannot read. Please tell the department."
        ) from None
    try:
        opened = open_request(op, parameters)
        asked = check_request(op, opened.parameters)
        require_form(op, asked, opened)
        if sent.method == "POST" and "none" not in asked.prompt:
            # A form from another site comes without our (SameSite=Lax) cookies; coming back by GET it has them.
            return _to_attempt(asked, "authorize.resume")
        return decide(asked, None)
    except AuthorizationError as error:
        return error_response(error)


@bp.get("/authorize/<attempt_id>")
@called_by(Caller.BROWSER)
def resume(attempt_id: str) -> ResponseReturnValue:
    """Go on after signing in: the whole request is checked again (Keycloak CVE-2026-7571)."""
    attempt = attempts.load(provider().parts.database, attempt_id)
    try:
        return decide(request_of(attempt), attempt)
    except AuthorizationError as error:
        return error_response(error)


def request_of(attempt: SignInAttempt) -> AuthorizationRequest:
    """The authorization request an attempt is for, checked anew. Raises like `check_request`."""
    if attempt.request is None:
        raise ProblemError(404, "no_request", "This sign-in is not for an app.")
    return check_request(provider(), orjson.loads(attempt.request))


def decide(asked: AuthorizationRequest, attempt: SignInAttempt | None) -> ResponseReturnValue:
    """Answer with a code, or lead to the page that is missing: sign-in or consent."""
    prefer(asked.parameters.get("ui_locales"))
    code, standing = try_issue(asked, attempt)
    if code is not None and standing is not None:
        keep_alive(standing.session_id, from_ms(standing.seen_at))
        return code_response(asked, code, standing)
    if standing is None or standing.authenticated_at < authenticated_since(asked, attempt):
        return _need(asked, attempt, "login_required", "signin.start")
    if "none" not in asked.prompt and should_step_up(provider(), asked, standing, attempt):
        return _to_attempt(asked, "signin.start")  # a new attempt: what was done for this one was not enough
    require_levels(asked, standing)
    require_same_subject(asked, standing)
    if needs_consent(asked, standing):
        return _need(asked, attempt, "consent_required", "consent.show")
    return issue_after(asked, standing, attempt)


def issue_after(asked: AuthorizationRequest, standing: Standing, attempt: SignInAttempt | None) -> ResponseReturnValue:
    """Make what was missing for this app (subject, participation) and give the code; the checks by hand are done."""
    op = provider()
    if not (standing.sub and standing.sid):
        with op.parts.database.write() as session:
            join(session, asked, standing)
    code, now_standing = try_issue(asked, attempt, checked=True)
    if code is None or now_standing is None:
        return _need(asked, attempt, "login_required", "signin.start")  # the login ended in between
    return code_response(asked, code, now_standing)


def try_issue(
    asked: AuthorizationRequest, attempt: SignInAttempt | None, checked: bool = False
) -> tuple[str | None, Standing | None]:
    """One look-up: the code if everything stands, and the login's standing if there is a login."""
    op = provider()
    token = get_cookie(SESSION)
    if not token:
        return None, None
    now = clock.now()
    since = authenticated_since(asked, attempt)
    # What only a look at the facts can decide goes the longer way: levels, a hinted subject, consent asked for anew.
    by_hand = bool(
        asked.claims.essential_acr
        or asked.voluntary_acrs
        or asked.claims.subject
        or "id_token_hint" in asked.parameters
        or "grant_id" in asked.parameters
        or ("consent" in asked.prompt)
    )
    now_ms = to_ms(now)
    idle_since = now_ms - op.parts.settings.session_idle_seconds * 1000
    standing = op.store.standing(digest(token), asked.client.sector, asked.client.client_id, now_ms, idle_since)
    if standing is None:
        return None, None
    standing = as_claimed(standing, since)
    stands = (
        (checked or not by_hand)
        and standing.sub is not None
        and standing.sid is not None
        and standing.authenticated_at >= since
        and (asked.skips_consent or covers(standing, asked))
    )
    return (_code(op, asked, standing, now_ms) if stands else None), standing


def _code(op: Provider, asked: AuthorizationRequest, standing: Standing, now: int) -> str:
    expires_at = now + code_seconds(asked.client, op.parts.settings.code_seconds) * 1000
    return give_code(
        op,
        Code(
            grant=replace(facts_of_request(asked, standing, expires_at), rich=rich_of(asked)),
            redirect_uri=asked.redirect_uri,
            redirect_given=asked.redirect_given,
            challenge=asked.parameters.get("code_challenge", ""),
            key_binding=f"jkt:{asked.parameters['dpop_jkt']}" if "dpop_jkt" in asked.parameters else None,
        ),
    )


def needs_consent(asked: AuthorizationRequest, standing: Standing) -> bool:
    """Ask again only for more than what stands, or when the app wants it asked."""
    if "consent" in asked.prompt:
        return True
    if asked.skips_consent:
        return False
    return not covers(standing, asked)


def covers(standing: Standing, asked: AuthorizationRequest) -> bool:
    """Whether the standing consent holds everything this request would share."""
    return standing.consented is not None and set(asked.consent_items.split()) <= set(standing.consented.split())


def require_levels(asked: AuthorizationRequest, standing: Standing) -> None:
    """An essential `acr` is met or the request fails (OIDC Core §5.5.1.1); it is never claimed without the facts."""
    wanted = asked.claims.essential_acr
    if wanted and not any(reaches(levels_of(standing), value) for value in wanted):
        raise AuthorizationError(
            asked, "unmet_authentication_requirements", "The login does not reach the essential acr."
        )


def require_same_subject(asked: AuthorizationRequest, standing: Standing) -> None:
    """`id_token_hint` and a requested `sub` name the person expected; another one must not be sent instead (OIDC Core §3.1.2.2)."""
    op = provider()
    expected = asked.claims.subject
    if hint := asked.parameters.get("id_token_hint"):
        try:
            claims = read_hint(op, hint)
        except TokenError:
            raise AuthorizationError(asked, "invalid_request", "The id_token_hint is not one of ours.") from None
        expected = str(claims["sub"])
    if expected is not None and expected != standing.sub:
        raise AuthorizationError(asked, "login_required", "Another resident is signed in.")
    managed_id = asked.parameters.get("grant_id")
    if managed_id is not None and not is_of_resident(op, managed_id, standing.resident_id):
        raise AuthorizationError(asked, "invalid_grant_id", "The grant is not known.")


def code_response(asked: AuthorizationRequest, code: str, standing: Standing) -> ResponseReturnValue:
    """The successful authorization response."""
    if "request_uri" in asked.parameters and not complete(provider(), asked.parameters["request_uri"]):
        raise AuthorizationError(asked, "invalid_request_uri", "The request_uri was used before.")
    values: dict[str, str | None] = {"code": code}
    if is_hybrid(asked.parameters["response_type"]):
        try:
            values = hybrid_values(provider(), asked, code, standing)
        except OAuth2Error as error:
            kind = error.error if isinstance(error, AccessDeniedError) else "server_error"
            raise AuthorizationError(asked, kind, str(error.description)) from None
    values["state"] = asked.state
    values["session_state"] = session_state(asked.client, asked.redirect_uri, standing.session_id)
    return respond(asked.client, asked.redirect_uri, asked.response_mode, values)


def error_response(error: AuthorizationError) -> ResponseReturnValue:
    """The error response to the app (RFC 6749 §4.1.2.1)."""
    asked = error.request
    if "request_uri" in asked.parameters:
        complete(provider(), asked.parameters["request_uri"])
    values = {"error": error.error, "error_description": error.description, "state": asked.state}
    return respond(asked.client, asked.redirect_uri, asked.response_mode, values)


def _need(asked: AuthorizationRequest, attempt: SignInAttempt | None, error: str, endpoint: str) -> ResponseReturnValue:
    """To a page of ours, unless the app wants none (`prompt=none`)."""
    if "none" in asked.prompt:
        raise AuthorizationError(asked, error, "A page would have to be shown, and prompt is none.")
    if attempt is not None:
        return redirect(url_for(endpoint, attempt_id=attempt.attempt_id), 303)
    return _to_attempt(asked, endpoint)


def _to_attempt(asked: AuthorizationRequest, endpoint: str) -> ResponseReturnValue:
    op = provider()
    with op.parts.database.write() as session:
        attempt_id = attempts.begin(
            session, "/authorize/{id}", client_id=asked.client.client_id, parameters=asked.parameters
        )
    return redirect(url_for(endpoint, attempt_id=attempt_id), 303)
