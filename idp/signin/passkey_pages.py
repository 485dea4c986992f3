"""Passkeys: sign in, and add one. JSON for `webauthn.js`."""

from __future__ import annotations

import logging
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..audit import AuditEventType, appends, record
from ..authority import Permit, may_add
from ..credentials import passkeys, webauthn_core
from ..foundation import clock
from ..foundation.context import parts
from ..foundation.driver import Change, find_all, write_all
from ..foundation.web import cookies
from ..foundation.web.callers import Caller, called_by
from ..foundation.web.cookies import browser_digest
from ..foundation.web.errors import ProblemError
from ..foundation.web.home import credentials_url
from ..foundation.web.network import client_network
from ..logins import AccountStoppedError, Login, current_login, device_label, levels
from ..residents import resident_profile
from . import attempts
from .model import SignInAttempt
from .pages import cookie_of, sign_in_again, starts_login

bp = Blueprint("passkey", __name__)
log = logging.getLogger("machi.signin")


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise ProblemError(400, "malformed", "The request is not a JSON object.")
    return body


@bp.post("/signin/<attempt_id>/passkey/options")
@called_by(Caller.BROWSER)
def signin_options(attempt_id: str) -> ResponseReturnValue:
    """PublicKeyCredentialRequestOptions with a fresh challenge."""
    parts().limits.hit(parts().settings.signin_limit, "passkey-options", client_network(), browser_digest())
    attempts.load(parts().database, attempt_id)
    return jsonify(passkeys.signin_options(parts().vault, parts().settings, browser_digest(), attempt_id))


@bp.post("/signin/<attempt_id>/passkey")
@called_by(Caller.BROWSER)
def signin_verify(attempt_id: str) -> ResponseReturnValue:
    """Check the assertion and sign in: `{"next": path}`."""
    parts().limits.hit(parts().settings.signin_limit, "passkey", client_network(), browser_digest())
    said = webauthn_core.presented(_body())
    try:
        attempt, outcome = _sign_in(attempt_id, said)
    except IntegrityError:  # the challenge was used up by another request since we looked: this look sees it
        attempt, outcome = _sign_in(attempt_id, said)
    if isinstance(outcome, webauthn_core.PasskeyError):
        raise _refusal(outcome)
    response = jsonify({"next": attempt.continue_to})
    cookies.set_cookie(response, cookies.SESSION, cookie_of(outcome), None)
    return response


Outcome = str | AccountStoppedError | webauthn_core.PasskeyError
"""The cookie of a new login, or why there is none."""


def _sign_in(attempt_id: str, said: webauthn_core.Presented) -> tuple[SignInAttempt, Outcome]:
    """One look at all that counts, and one write of what follows. A refusal is written too: it leaves the transaction as a value."""
    with parts().database.write() as session:
        asked, *answers = find_all(session, [attempts.asks(attempt_id), *passkeys.asks_signin(said)])
        attempt = attempts.found(asked)
        outcome, changes = _outcome(session, attempt_id, said, answers)
        write_all(session, changes)
    return attempt, outcome


def _outcome(
    session: Session, attempt_id: str, said: webauthn_core.Presented, answers: list[list[Any]]
) -> tuple[Outcome, list[Change]]:
    tie, changes = passkeys.signing_in(browser_digest(), attempt_id), list[Change]()
    try:
        who = passkeys.check_signin(parts().vault, parts().settings, said, tie, answers, changes)
    except webauthn_core.PasskeyError as error:
        facts = {"resident_id": error.resident_id, "reason": error.reason}
        return error, [*changes, appends(session, AuditEventType.PASSKEY_REFUSED, **facts)]
    factor = levels.Factor(
        "passkey", clock.epoch_ms(), who.synced, attested=who.attested, credential_id=who.credential_id
    )
    started, starting = starts_login(session, who.resident_id, who.resident_state, factor)
    return started, [*changes, *starting]


def _refusal(refused: webauthn_core.PasskeyError) -> ProblemError:
    log.info("passkey refused: %s", refused.reason)
    if refused.resident_id is not None:
        return ProblemError(
            403, "passkey_held", "This passkey was stopped. Sign in another way, or come to the residents' counter."
        )
    return ProblemError(400, "passkey_refused", "That passkey did not work here. Try again, or sign in another way.")


def _may_add(login: Login) -> bool:
    """False: a fresh sign-in is needed first. Raises a 403 problem when this one is fresh, but below a passkey's level."""
    with parts().database.read() as session:
        permit = may_add(session, login)
    if permit is Permit.TOO_WEAK:
        raise ProblemError(
            403,
            "stronger_sign_in_needed",
            "An activation code that came by post is not enough to add a passkey while you have another way to sign in. Please use that one, or come to the residents' counter.",  # noqa: E501
        )
    return permit is Permit.NOW


def _require_fresh(login: Login) -> None:
    if not _may_add(login):
        raise ProblemError(403, "fresh_sign_in_needed", "For your safety, please sign in once more before this step.")


@bp.get("/account/passkeys/new")
@called_by(Caller.RESIDENT)
def new() -> ResponseReturnValue:
    """The page on which a passkey is added later."""
    if not _may_add(current_login()):
        return sign_in_again(url_for("passkey.new"))
    return Response(
        render_template(
            "signin/passkey_new.html",
            options_url=url_for("passkey.add_options"),
            verify_url=url_for("passkey.add_verify"),
            continue_url=credentials_url(),
        ),
        content_type="text/html; charset=utf-8",
    )


@bp.post("/account/passkeys/options")
@called_by(Caller.RESIDENT)
def add_options() -> ResponseReturnValue:
    """PublicKeyCredentialCreationOptions; needs a fresh sign-in."""
    login = current_login()
    _require_fresh(login)
    with parts().database.write() as session:
        profile = resident_profile(session, parts().vault, login.resident_id)
        try:
            options = passkeys.add_options(
                session, parts().vault, parts().settings, login.resident_id, profile.name, browser_digest()
            )
        except webauthn_core.PasskeyError:
            raise ProblemError(
                409, "too_many_passkeys", "You have as many passkeys as one person can have here."
            ) from None
    return jsonify(options)


@bp.post("/account/passkeys")
@called_by(Caller.RESIDENT)
def add_verify() -> ResponseReturnValue:
    """Check the attestation and keep the passkey: 201 `{"next"}`."""
    login = current_login()
    _require_fresh(login)
    credential = _body()
    label = device_label(request.headers.get("User-Agent", ""))
    refused = None
    with parts().database.write() as session:
        try:
            passkeys.verify_add(
                session,
                parts().vault,
                parts().settings,
                login.resident_id,
                credential,
                label if label != "—" else gettext("Passkey"),
                browser_digest(),
            )
        except webauthn_core.PasskeyError as error:
            record(session, AuditEventType.PASSKEY_REFUSED, resident_id=login.resident_id, reason=error.reason)
            refused = error
    if refused is not None:
        log.info("passkey not added: %s", refused.reason)
        raise ProblemError(400, "passkey_refused", "The passkey could not be added. Please try again.")
    return jsonify({"next": _way_on()}), 201


def _way_on() -> str:
    """After the welcome page: on with what the person came for; else back to the settings."""
    attempt_id = request.args.get("attempt")
    if attempt_id:
        return attempts.load(parts().database, attempt_id).continue_to
    return credentials_url()
