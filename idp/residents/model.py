"""Tables of the resident. Personal attributes are one sealed value; look-ups go through keyed hashes.

There is no column here that a 12-digit My Number could be put into by its meaning, and the import refuses values that look like one.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from ..foundation.database import Base
from ..foundation.key_ring import is_sealed


class ResidentState(Enum):
    """Life cycle. Terminal states keep their subject identifiers reserved."""

    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    RECOVERY = "recovery"
    MOVED_OUT = "moved_out"
    DECEASED = "deceased"
    MERGED_INTO = "merged_into"
    CLOSED = "closed"


_STATES = ", ".join(f"'{s.value}'" for s in ResidentState)


class Resident(Base):
    """A person of the register, claimed (`active`, with a unified ID) or not yet (`pending`)."""

    __tablename__ = "resident"
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint(
            "state NOT IN ('active', 'suspended', 'recovery') OR unified_id IS NOT NULL", name="claimed_has_unified_id"
        ),
        CheckConstraint("length(unified_id) = 11", name="unified_id_is_not_a_12_digit_number"),
        Index("ix_resident_match_key", "match_key"),
        Index("ix_resident_near_key", "near_key"),
    )

    resident_id: Mapped[str] = mapped_column(String(26), primary_key=True)
    unified_id: Mapped[str | None] = mapped_column(String(11), unique=True)
    state: Mapped[str] = mapped_column(String(16), default=ResidentState.PENDING.value)
    attributes: Mapped[bytes] = mapped_column(LargeBinary, info=is_sealed("resident:{resident_id}"))
    """Sealed JSON, see `attributes.Attributes`."""
    match_key: Mapped[str] = mapped_column(String(64))
    """Keyed hash of normalised name, birth date and address."""
    near_key: Mapped[str] = mapped_column(String(64))
    """Keyed hash of normalised name and birth date: finds near matches for the registrar's queue."""
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]


class RegistryLink(Base):
    """Local number (宛名番号) of the register -> resident. Only the registrar and intake resolve it."""

    __tablename__ = "registry_link"

    local_index: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Keyed hash of the local number."""
    resident_id: Mapped[str] = mapped_column(ForeignKey("resident.resident_id"), unique=True)
    local_sealed: Mapped[bytes] = mapped_column(LargeBinary, info=is_sealed("local-number:{resident_id}"))


class SubjectIdentifier(Base):
    """The `sub` of a resident in one sector (OIDC Core §8.1): random, stored, never reassigned."""

    __tablename__ = "subject_identifier"
    __table_args__ = (Index("uq_subject_identifier_resident_sector", "resident_id", "sector", unique=True),)

    sub: Mapped[str] = mapped_column(String(32), primary_key=True)
    resident_id: Mapped[str] = mapped_column(ForeignKey("resident.resident_id"))
    sector: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime]


class Ceremony(Base):
    """One act of proving or binding, with its evidence: verdict, method, time, policy version. Never the attributes themselves."""

    __tablename__ = "ceremony"
    __table_args__ = (Index("ix_ceremony_resident", "resident_id"),)

    ceremony_id: Mapped[str] = mapped_column(String(26), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    """claim | bind | rebind"""
    method: Mapped[str] = mapped_column(String(40))
    """jpki_signature | activation_code_counter | activation_code_post | passkey"""
    resident_id: Mapped[str] = mapped_column(ForeignKey("resident.resident_id"))
    policy_version: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime]


class ActivationCode(Base):
    """A one-use code from the counter or by post, for the first claim."""

    __tablename__ = "activation_code"
    __table_args__ = (Index("ix_activation_code_resident", "resident_id"),)

    code_index: Mapped[str] = mapped_column(String(64), primary_key=True)
    resident_id: Mapped[str] = mapped_column(ForeignKey("resident.resident_id"))
    channel: Mapped[str] = mapped_column(String(10))
    """counter | post"""
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    wrong_dates: Mapped[int] = mapped_column(default=0, server_default="0")
    """Tries with a wrong date of birth; at the setting's number the code is void."""


class ClaimReview(Base):
    """A claim that came near but not exactly: waits for the registrar."""

    __tablename__ = "claim_review"

    review_id: Mapped[str] = mapped_column(String(26), primary_key=True)
    reason: Mapped[str] = mapped_column(String(20))
    sealed: Mapped[bytes] = mapped_column(LargeBinary, info=is_sealed("claim-review:{review_id}"))
    """The four attributes as the card gave them."""
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
