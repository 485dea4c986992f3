"""Cards: signing in with a bound card, and the first binding, in which the signature certificate proves who the holder is.

A card is never bound just because somebody is signed in, or one holder's proof could be joined to another's card: both certificates
must sign in one reading. A reading changes nothing when it arrives; it is verified and kept, and used when the browser that asked for
it collects it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ..audit import AuditEventType, record
from ..foundation import clock
from ..foundation.ids import new_id
from ..foundation.settings import Settings
from ..foundation.vault import Vault
from ..residents import claiming
from .challenges import Collected
from .jpki import CardError, Purpose, TrustStore, build_statement, verify_card, verify_claim
from .jpki.claim import Signed
from .model import Card, Challenge, CredentialState
from .readings import Person, Proven, proven, seal, unseal


class CardOutcome(Enum):
    """What a reading came to. READ waits for its browser, and becomes one of the first three, STOPPED or NO_MATCH."""

    READ = "read"
    SIGNED_IN = "signed_in"
    CLAIMED = "claimed"
    UNKNOWN_CARD = "unknown_card"
    EXPIRED = "expired"
    STOPPED = "stopped"
    TWO_CARDS = "two_cards"
    TRY_AGAIN = "try_again"
    CANCELLED = "cancelled"
    PIN_LOCKED = "pin_locked"
    NO_MATCH = "no_match"


@dataclass(frozen=True)
class Used:
    """What a reading did; `resident_id` and `credential_id` where somebody is to be signed in."""

    outcome: CardOutcome
    resident_id: str | None = None
    credential_id: str = ""


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
) -> tuple[CardOutcome, bytes | None]:
    """Verify a reading against its (already consumed) challenge: READ with what it proved, sealed, or why not."""
    statement = statement_for(
        settings, challenge.purpose, challenge.nonce, challenge.browser_digest, challenge.expires_at
    )
    now, person = clock.now(), None
    try:
        if challenge.purpose == "card_claim":
            auth = Signed(reading.certificate, reading.signature)
            sign = Signed(reading.sign_certificate, reading.sign_signature)
            verdict, person = verify_claim(auth, sign, statement, store, now)
        else:
            verdict = verify_card(reading.certificate, reading.signature, statement, store, now)
    except CardError as error:
        record(session, AuditEventType.CARD_REFUSED, reason=error.reason.value)
        return CardOutcome(error.message.value), None
    return CardOutcome.READ, seal(vault, challenge.challenge_id, proven(vault, verdict, person))


def use_reading(session: Session, vault: Vault, collected: Collected) -> Used:
    """For the browser that asked: sign in or claim with what was read. A reading that failed stays what it was."""
    outcome = CardOutcome(collected.outcome)
    if outcome is not CardOutcome.READ or collected.sealed is None:
        return Used(outcome)
    reading = unseal(vault, collected.challenge_id, collected.sealed)
    if reading.person is not None:
        return _claim(session, vault, reading, reading.person)
    return _sign_in(session, reading)


def _sign_in(session: Session, reading: Proven) -> Used:
    card = session.scalars(
        select(Card).where(
            Card.card_index.in_(reading.indexes),
            Card.state.in_((CredentialState.ACTIVE.value, CredentialState.HELD.value)),
        )
    ).first()
    if card is None:
        return Used(CardOutcome.UNKNOWN_CARD)
    if card.state != CredentialState.ACTIVE.value:
        record(session, AuditEventType.CARD_REFUSED, resident_id=card.resident_id, reason="held")
        return Used(CardOutcome.STOPPED)
    card.last_used_at = clock.now()
    return Used(CardOutcome.SIGNED_IN, card.resident_id, card.credential_id)


def _claim(session: Session, vault: Vault, reading: Proven, person: Person) -> Used:
    held = session.scalars(
        select(Card).where(Card.card_index.in_(reading.indexes), Card.state == CredentialState.HELD.value)
    ).first()
    if held is not None:  # a card on hold must not come back by being registered anew
        record(session, AuditEventType.CARD_REFUSED, resident_id=held.resident_id, reason="held")
        return Used(CardOutcome.STOPPED)
    claim = claiming.claim_by_attributes(
        session,
        vault,
        name=person.name,
        birth_date=person.birth_date,
        address=person.address,
        method="jpki_signature",
    )
    if claim.result is claiming.ClaimResult.CLOSED:
        # Proven, and nothing is bound: starting the session says why it cannot be.
        return Used(CardOutcome.SIGNED_IN, claim.resident_id)
    if claim.resident_id is None or claim.ceremony_id is None:
        return Used(CardOutcome.NO_MATCH)
    bound = _bind(session, claim.resident_id, claim.ceremony_id, reading)
    if bound is None:
        return Used(CardOutcome.NO_MATCH)
    first = claim.result is claiming.ClaimResult.CLAIMED
    return Used(CardOutcome.CLAIMED if first else CardOutcome.SIGNED_IN, claim.resident_id, bound)


def _bind(session: Session, resident_id: str, ceremony_id: str, reading: Proven) -> str | None:
    """Bind the card to the resident; returns its credential id, or None if somebody else has it; whose it is, nobody is told."""
    existing = session.scalars(
        select(Card).where(Card.card_index.in_(reading.indexes), Card.state == CredentialState.ACTIVE.value)
    ).first()
    if existing is not None:
        if existing.resident_id != resident_id:
            record(session, AuditEventType.CARD_REFUSED, resident_id=resident_id, reason="bound_to_another")
            return None
        existing.last_used_at = clock.now()
        return existing.credential_id
    session.execute(
        update(Card)  # a new serial on the same medium is a renewed card; the one before it no longer exists
        .where(
            Card.resident_id == resident_id,
            Card.medium == reading.medium,
            Card.state == CredentialState.ACTIVE.value,
        )
        .values(state=CredentialState.REPLACED.value)
    )
    now = clock.now()
    card = Card(
        credential_id=new_id(),
        resident_id=resident_id,
        card_index=reading.indexes[0],
        medium=reading.medium,
        not_after=reading.not_after,
        ceremony_id=ceremony_id,
        created_at=now,
        last_used_at=now,
    )
    session.add(card)
    record(
        session,
        AuditEventType.CARD_BOUND,
        resident_id=resident_id,
        ceremony=ceremony_id,
        credential=card.credential_id,
        medium=reading.medium,
    )
    return card.credential_id
