"""Claiming: a proven person becomes the owner of their row in the register, and the unified ID is issued.

Only an exact match of normalised name, birth date and address attaches; a near one goes to the registrar; none by guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import orjson
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ..audit import EventType, record
from ..foundation import clock
from ..foundation.ids import new_id
from ..foundation.vault import Vault
from .attributes import match_indexes
from .life_cycle import Act, move
from .model import ActivationCode, Ceremony, ClaimReview, Resident, ResidentState
from .unified_id import new_unified_id

POLICY_VERSION = "2026-11"


class ClaimResult(Enum):
    CLAIMED = "claimed"
    """The unified ID was issued just now."""
    KNOWN = "known"
    """The person had claimed before; this is a further proof (a renewed card)."""
    QUEUED = "queued"
    """Near, or more than one: the registrar decides."""
    NO_MATCH = "no_match"
    """Nobody of this register."""
    CLOSED = "closed"
    """The row exists but may not be used (suspended, closed, moved out, deceased)."""


@dataclass(frozen=True)
class Claim:
    """`resident_id` only for CLAIMED, KNOWN and CLOSED, `ceremony_id` only for the first two."""

    result: ClaimResult
    resident_id: str | None = None
    ceremony_id: str | None = None


def claim_by_attributes(
    session: Session, vault: Vault, *, name: str, birth_date: str, address: str, method: str
) -> Claim:
    """Attach the person whom `method` proved to the one row that matches exactly."""
    match_keys, near_keys = match_indexes(vault, name, birth_date, address)
    exact = session.scalars(select(Resident).where(Resident.match_key.in_(match_keys)).with_for_update()).all()
    if len(exact) == 1:
        return _attach(session, exact[0], method)
    near = session.scalars(select(Resident.resident_id).where(Resident.near_key.in_(near_keys))).all()
    if not exact and not near:
        record(session, EventType.CLAIM_REFUSED, reason=ClaimResult.NO_MATCH.value)
        return Claim(ClaimResult.NO_MATCH)
    reason = "several" if exact else "near"
    review_id = new_id()
    sealed = vault.encrypt(
        orjson.dumps({"name": name, "birth_date": birth_date, "address": address}), f"claim-review:{review_id}"
    )
    session.add(ClaimReview(review_id=review_id, reason=reason, sealed=sealed, created_at=clock.now()))
    record(session, EventType.CLAIM_QUEUED, reason=reason)
    return Claim(ClaimResult.QUEUED)


def claim_by_code(session: Session, vault: Vault, *, code: str, birth_date: str) -> Claim:
    """Use an activation code once. The birth date must be the one of the register; a wrong one does not use the code up."""
    from .attributes import unseal

    now = clock.now()
    row = session.scalars(
        select(ActivationCode).where(
            ActivationCode.code_index.in_(vault.indexes("activation-code", code)),
            ActivationCode.used_at.is_(None),
            ActivationCode.expires_at > now,
        )
    ).first()
    if row is None:
        return Claim(ClaimResult.NO_MATCH)
    resident = session.get_one(Resident, row.resident_id)
    if unseal(vault, resident.resident_id, resident.attributes).birth_date != birth_date:
        return Claim(ClaimResult.NO_MATCH)
    taken = session.execute(
        update(ActivationCode)
        .where(ActivationCode.code_index == row.code_index, ActivationCode.used_at.is_(None))
        .values(used_at=now)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        return Claim(ClaimResult.NO_MATCH)
    return _attach(session, resident, f"activation_code_{row.channel}")


def _attach(session: Session, resident: Resident, method: str) -> Claim:
    if resident.state not in (ResidentState.PENDING.value, ResidentState.ACTIVE.value):
        record(session, EventType.CLAIM_REFUSED, resident_id=resident.resident_id, reason=resident.state)
        return Claim(ClaimResult.CLOSED, resident.resident_id)
    first = resident.state == ResidentState.PENDING.value
    now = clock.now()
    if first:
        resident.unified_id = new_unified_id()
        move(resident, Act.CLAIM)
        resident.claimed_at = now
    ceremony = Ceremony(
        ceremony_id=new_id(),
        kind="claim" if first else "rebind",
        method=method,
        resident_id=resident.resident_id,
        policy_version=POLICY_VERSION,
        at=now,
    )
    session.add(ceremony)
    if first:
        record(
            session,
            EventType.RESIDENT_CLAIMED,
            resident_id=resident.resident_id,
            ceremony=ceremony.ceremony_id,
            method=method,
        )
    session.flush()
    return Claim(ClaimResult.CLAIMED if first else ClaimResult.KNOWN, resident.resident_id, ceremony.ceremony_id)
