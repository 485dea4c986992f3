"""Claiming: a proven person becomes the owner of their row in the register, and the unified ID is issued.

Only an exact match of normalised name, birth date and address attaches; a near one goes to the registrar; none by guess.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import Enum

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from ..audit import AuditEventType, record
from ..foundation import clock
from ..foundation.ids import new_id
from ..foundation.vault import Vault
from .activation import count_wrong_date, find_code, is_void, use_up
from .attributes import match_indexes
from .life_cycle import AccountAction, move
from .model import Ceremony, ClaimReview, Resident, ResidentState
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
    """Nobody of this register; no such code, or a used one."""
    WRONG_BIRTH_DATE = "wrong_birth_date"
    """Counted on the code."""
    VOID = "void"
    """The code was tried with too many wrong birth dates."""
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
        record(session, AuditEventType.CLAIM_REFUSED, reason=ClaimResult.NO_MATCH.value)
        return Claim(ClaimResult.NO_MATCH)
    reason = "several" if exact else "near"
    review_id = new_id()
    sealed = vault.encrypt(
        orjson.dumps({"name": name, "birth_date": birth_date, "address": address}), f"claim-review:{review_id}"
    )
    session.add(ClaimReview(review_id=review_id, reason=reason, sealed=sealed, created_at=clock.now()))
    record(session, AuditEventType.CLAIM_QUEUED, reason=reason)
    return Claim(ClaimResult.QUEUED)


def claim_by_code(session: Session, vault: Vault, *, code: str, birth_date: str, max_wrong_dates: int) -> Claim:
    """Use an activation code once. The birth date must be the one of the register; so many wrong ones void the code."""
    from .attributes import unseal

    row = find_code(session, vault, code)
    if row is None:
        return Claim(ClaimResult.NO_MATCH)
    # Held, so that two codes used at once issue one unified ID.
    resident = session.get_one(Resident, row.resident_id, with_for_update=True)
    known = unseal(vault, resident.resident_id, resident.attributes).birth_date
    if not secrets.compare_digest(known.encode(), birth_date.encode()):
        counted = count_wrong_date(session, row, max_wrong_dates)
        refused = ClaimResult.WRONG_BIRTH_DATE if counted else ClaimResult.NO_MATCH
    elif use_up(session, row, max_wrong_dates):
        return _attach(session, resident, f"activation_code_{row.channel}")
    else:
        refused = ClaimResult.NO_MATCH
    return Claim(ClaimResult.VOID if is_void(session, row, max_wrong_dates) else refused)


def _attach(session: Session, resident: Resident, method: str) -> Claim:
    if resident.state not in (ResidentState.PENDING.value, ResidentState.ACTIVE.value):
        record(session, AuditEventType.CLAIM_REFUSED, resident_id=resident.resident_id, reason=resident.state)
        return Claim(ClaimResult.CLOSED, resident.resident_id)
    first = resident.state == ResidentState.PENDING.value
    now = clock.now()
    if first:
        resident.unified_id = new_unified_id()
        move(resident, AccountAction.CLAIM)
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
            AuditEventType.RESIDENT_CLAIMED,
            resident_id=resident.resident_id,
            ceremony=ceremony.ceremony_id,
            method=method,
        )
    session.flush()
    return Claim(ClaimResult.CLAIMED if first else ClaimResult.KNOWN, resident.resident_id, ceremony.ceremony_id)
