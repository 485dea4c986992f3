"""Cards: signing in with a bound card, and the first binding, in which the signature certificate proves who the holder is.

A card is never bound just because somebody is signed in: both certificates must sign the same statement in one reading (facts §7.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ..audit import EventType, record
from ..foundation import clock
from ..foundation.ids import new_id
from ..foundation.settings import Settings
from ..foundation.vault import Vault
from ..residents.claim import ClaimResult, claim_by_attributes
from . import challenges
from .jpki import (
    CardError,
    CardVerdict,
    Purpose,
    TrustStore,
    build_statement,
    verify_card,
    verify_signature_card,
)
from .model import Card, Challenge, CredentialState


class CardOutcome(Enum):
    """What a reading came to; stored with the challenge until the browser collects it."""

    SIGNED_IN = "signed_in"
    CLAIMED = "claimed"
    UNKNOWN_CARD = "unknown_card"
    EXPIRED = "expired"
    STOPPED = "stopped"
    TRY_AGAIN = "try_again"
    CANCELLED = "cancelled"
    PIN_LOCKED = "pin_locked"
    NO_MATCH = "no_match"


@dataclass(frozen=True)
class Reading:
    """What the reader sent. Bytes are raw DER and raw signatures; the `sign_` pair only for a claim."""

    certificate: bytes
    signature: bytes
    sign_certificate: bytes = b""
    sign_signature: bytes = b""


PURPOSES = {"card_signin": Purpose.SIGN_IN, "card_claim": Purpose.CLAIM}


def statement_for(settings: Settings, purpose: str, nonce: bytes, browser_digest: str, expires_at: datetime) -> bytes:
    """The bytes the card signs; built here for the request and built again, from our own record, for the check."""
    return build_statement(
        origin=settings.origin,
        session_binding=browser_digest.encode(),
        nonce=nonce,
        purpose=PURPOSES[purpose],
        expires_at=expires_at,
    )


def read_answer(
    session: Session, vault: Vault, settings: Settings, store: TrustStore, challenge: Challenge, reading: Reading
) -> CardOutcome:
    """Verify a reading against its (already consumed) challenge and write down what it came to."""
    statement = statement_for(
        settings, challenge.purpose, challenge.nonce, challenge.browser_digest, challenge.expires_at
    )
    now = clock.now()
    try:
        verdict = verify_card(reading.certificate, reading.signature, statement, store, now)
        if challenge.purpose == "card_claim":
            outcome = _claim(session, vault, store, challenge, verdict, reading, statement)
        else:
            outcome = _sign_in(session, vault, challenge, verdict)
    except CardError as error:
        record(session, EventType.CARD_REFUSED, reason=error.reason.value)
        outcome = CardOutcome(error.message.value)
    challenge.outcome = outcome.value
    return outcome


def _sign_in(session: Session, vault: Vault, challenge: Challenge, verdict: CardVerdict) -> CardOutcome:
    card = session.scalars(
        select(Card).where(
            Card.card_index.in_(vault.indexes("card", *_identity(verdict))),
            Card.state.in_((CredentialState.ACTIVE.value, CredentialState.HELD.value)),
        )
    ).first()
    if card is None:
        return CardOutcome.UNKNOWN_CARD
    if card.state != CredentialState.ACTIVE.value:
        record(session, EventType.CARD_REFUSED, resident_id=card.resident_id, reason="held")
        return CardOutcome.STOPPED
    card.last_used_at = clock.now()
    challenge.resident_id, challenge.credential_id = card.resident_id, card.credential_id
    return CardOutcome.SIGNED_IN


def _claim(
    session: Session,
    vault: Vault,
    store: TrustStore,
    challenge: Challenge,
    verdict: CardVerdict,
    reading: Reading,
    statement: bytes,
) -> CardOutcome:
    signed = verify_signature_card(reading.sign_certificate, reading.sign_signature, statement, store, clock.now())
    held = session.scalars(
        select(Card).where(
            Card.card_index.in_(vault.indexes("card", *_identity(verdict))), Card.state == CredentialState.HELD.value
        )
    ).first()
    if held is not None:  # a card on hold must not come back by being registered anew
        record(session, EventType.CARD_REFUSED, resident_id=held.resident_id, reason="held")
        return CardOutcome.STOPPED
    person = signed.attributes
    claim = claim_by_attributes(
        session,
        vault,
        name=person.name,
        birth_date=person.birth_date.isoformat(),
        address=person.address,
        method="jpki_signature",
    )
    if claim.result is ClaimResult.CLOSED:
        # Proven, and nothing is bound: starting the session says why it cannot be.
        challenge.resident_id = claim.resident_id
        return CardOutcome.SIGNED_IN
    if claim.resident_id is None or claim.ceremony_id is None:
        return CardOutcome.NO_MATCH
    bound = _bind(session, vault, claim.resident_id, claim.ceremony_id, verdict)
    if bound is None:
        return CardOutcome.NO_MATCH
    challenge.resident_id, challenge.credential_id = claim.resident_id, bound
    return CardOutcome.CLAIMED if claim.result is ClaimResult.CLAIMED else CardOutcome.SIGNED_IN


def _bind(session: Session, vault: Vault, resident_id: str, ceremony_id: str, verdict: CardVerdict) -> str | None:
    """Bind the card to the resident; returns its credential id, or None if somebody else has it (facts §7.5: no leak)."""
    indexes = vault.indexes("card", *_identity(verdict))
    existing = session.scalars(
        select(Card).where(Card.card_index.in_(indexes), Card.state == CredentialState.ACTIVE.value)
    ).first()
    if existing is not None:
        if existing.resident_id != resident_id:
            record(session, EventType.CARD_REFUSED, resident_id=resident_id, reason="bound_to_another")
            return None
        existing.last_used_at = clock.now()
        return existing.credential_id
    medium = verdict.medium.value
    session.execute(
        update(Card)  # a new serial on the same medium is a renewed card; the one before it no longer exists
        .where(Card.resident_id == resident_id, Card.medium == medium, Card.state == CredentialState.ACTIVE.value)
        .values(state=CredentialState.REPLACED.value)
    )
    now = clock.now()
    card = Card(
        credential_id=new_id(),
        resident_id=resident_id,
        card_index=indexes[0],
        medium=medium,
        not_after=verdict.not_after,
        ceremony_id=ceremony_id,
        created_at=now,
        last_used_at=now,
    )
    session.add(card)
    record(
        session,
        EventType.CARD_BOUND,
        resident_id=resident_id,
        ceremony=ceremony_id,
        credential=card.credential_id,
        medium=medium,
    )
    return card.credential_id


def _identity(verdict: CardVerdict) -> tuple[bytes, bytes]:
    return verdict.issuer_key_id, verdict.serial.to_bytes(20, "big")


def refuse(session: Session, challenge_id: str, outcome: CardOutcome) -> None:
    """The reader reported that no reading took place (cancelled, locked): write it down for the browser to collect."""
    challenge = challenges.consume(session, challenge_id=challenge_id)
    if challenge is not None:
        challenge.outcome = outcome.value
