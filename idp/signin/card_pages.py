"""Signing in and claiming with a card: plain forms and redirects, no script needed. How it leaves and comes back is `away`.

The reader's answer arrives from another site: it is verified and kept, and signs nobody in.
"""

from __future__ import annotations

import base64
import binascii
import logging
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from ..credentials import cards, challenges
from ..credentials.jpki import TrustStore
from ..credentials.model import Challenge
from ..foundation import clock
from ..foundation.context import parts
from ..foundation.ids import is_id
from ..foundation.telemetry import request_reference
from ..foundation.web.callers import Caller, called_by
from ..foundation.web.cookies import browser_digest
from ..foundation.web.errors import ProblemError
from ..foundation.web.language import language
from ..foundation.web.leaving import by_page, way_leads_to
from ..foundation.web.network import client_network
from ..logins import levels
from . import handoff
from .model import SignInAttempt
from .pages import complete, describe, sign_in_response

bp = Blueprint("card", __name__)
log = logging.getLogger("machi.signin")

MAX_FIELD = 8192
_REPORTS = {"cancelled": cards.CardOutcome.CANCELLED, "pin_locked": cards.CardOutcome.PIN_LOCKED}


def trust_store() -> TrustStore:
    """The installation's roots and revocation lists, loaded at start."""
    store = current_app.extensions.get("machi_trust_store")
    if not isinstance(store, TrustStore):
        raise ProblemError(404, "cards_off", "Signing in with a card is not offered here.")
    return store


@bp.post("/signin/<attempt_id>/card")
@called_by(Caller.BROWSER)
def start(attempt_id: str) -> ResponseReturnValue:
    """To the reader, to sign in."""
    return _to_reader(attempt_id, "card_signin")


@bp.post("/signin/<attempt_id>/claim")
@called_by(Caller.BROWSER)
def claim(attempt_id: str) -> ResponseReturnValue:
    """To the reader, to prove who the holder is."""
    return _to_reader(attempt_id, "card_claim")


def _to_reader(attempt_id: str, purpose: str) -> ResponseReturnValue:
    trust_store()
    settings = parts().settings
    parts().limits.hit(settings.signin_limit, purpose, client_network(), browser_digest())
    with parts().database.write() as session:
        issued = handoff.leave(session, purpose, attempt_id)
    statement = cards.statement_for(settings, purpose, issued.nonce, browser_digest(), issued.expires_at)
    query = urlencode(
        {
            "challenge": issued.challenge_id,
            "tbs": base64.urlsafe_b64encode(statement).decode().rstrip("="),
            "purpose": "claim" if purpose == "card_claim" else "signin",
            "origin": settings.origin,
            "return_url": settings.origin + url_for("card.answer"),
            "lang": language(),
        }
    )
    way_leads_to(settings.card_reader_url)
    return by_page(redirect(f"{settings.card_reader_url}/read?{query}", 303))


@bp.post("/signin/card/answer")
@called_by(Caller.CEREMONY)
def answer() -> ResponseReturnValue:
    """The reader's form. Verifies and stores the outcome; signs nobody in."""
    form = {name: request.form.get(name, "") for name in ("challenge", "certificate", "signature", "error")}
    if any(len(value) > MAX_FIELD for value in request.form.values()) or not is_id(form["challenge"]):
        raise ProblemError(400, "malformed", "The card reader sent something that cannot be read.")
    parts().limits.hit(parts().settings.signin_limit, "card-answer", client_network(), form["challenge"])
    with parts().database.write() as session:
        # Consumed before anything is looked at, and for good: a failed answer cannot be tried again on the same challenge.
        challenge = challenges.consume(session, challenge_id=form["challenge"])
        if challenge is not None and challenge.purpose in cards.PURPOSES and challenge.attempt_id is not None:
            outcome, sealed = _outcome(session, challenge, form["error"])
            return handoff.arrived(challenge, outcome.value, sealed)
    raise ProblemError(
        410,
        "challenge_used",
        "This reading was used already or is too old. Please go back and read the card again.",
    )


def _outcome(session: Session, challenge: Challenge, error: str) -> tuple[cards.CardOutcome, bytes | None]:
    if error:
        return _REPORTS.get(error, cards.CardOutcome.TRY_AGAIN), None
    reading = _reading()
    if reading is None:
        return cards.CardOutcome.TRY_AGAIN, None
    return cards.read_answer(session, parts().vault, parts().settings, trust_store(), challenge, reading)


def _reading() -> cards.Reading | None:
    try:
        values = [
            base64.b64decode(request.form.get(name, ""), validate=True)
            for name in ("certificate", "signature", "sign_certificate", "sign_signature")
        ]
    except (binascii.Error, ValueError):
        return None
    return cards.Reading(*values)


def _back(attempt: SignInAttempt, collected: challenges.Collected) -> ResponseReturnValue:
    """Signed in, claim needed, or why not."""
    with parts().database.write() as session:
        used = cards.use_reading(session, parts().vault, collected)
    if used.outcome in (cards.CardOutcome.SIGNED_IN, cards.CardOutcome.CLAIMED) and used.resident_id is not None:
        factor = levels.Factor("card", clock.epoch_ms(), credential_id=used.credential_id)
        token, target = complete(attempt, used.resident_id, factor, first=used.outcome is cards.CardOutcome.CLAIMED)
        return sign_in_response(token, target)
    return _page(attempt, used.outcome)


for _purpose in cards.PURPOSES:
    handoff.on_return(_purpose, _back)


def _page(attempt: SignInAttempt, outcome: cards.CardOutcome) -> ResponseReturnValue:
    describe(attempt)
    way_leads_to(parts().settings.card_reader_url)
    start_url = url_for("signin.start", attempt_id=attempt.attempt_id)
    if outcome is cards.CardOutcome.UNKNOWN_CARD:
        html = render_template(
            "signin/card_claim.html",
            claim_url=url_for("card.claim", attempt_id=attempt.attempt_id),
            cancel_url=start_url,
        )
        return Response(html, content_type="text/html; charset=utf-8")
    log.info("card reading ended: %s", outcome.value)
    html = render_template(
        "signin/card_failed.html",
        kind=outcome.value,
        retry_url=url_for("card.start", attempt_id=attempt.attempt_id),
        start_url=start_url,
        phone=parts().settings.counter_phone,
        request_reference=request_reference(),
    )
    return Response(
        html, 403 if outcome is not cards.CardOutcome.CANCELLED else 200, content_type="text/html; charset=utf-8"
    )
