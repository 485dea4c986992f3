"""Tables of credentials. A card is known by a keyed hash of (issuer key, serial); no serial and no certificate is kept."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from ..foundation.database import Base
from ..foundation.key_ring import is_sealed


class CredentialState(Enum):
    """Only ACTIVE signs in."""

    ACTIVE = "active"
    HELD = "held"
    REVOKED = "revoked"
    REPLACED = "replaced"


_STATES = ", ".join(f"'{s.value}'" for s in CredentialState)


class PasskeyUser(Base):
    """The WebAuthn user handle of a resident: random, not the unified ID (WebAuthn §14.6.1)."""

    __tablename__ = "passkey_user"

    resident_id: Mapped[str] = mapped_column(ForeignKey("resident.resident_id"), primary_key=True)
    user_handle: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)


class CredentialRecord:
    """What is kept of a passkey, whoever's it is (WebAuthn §4, "credential record"). Backup flags and AAGUID are raw facts from which
    levels are computed."""

    credential_id: Mapped[str] = mapped_column(String(26), primary_key=True)
    webauthn_id: Mapped[bytes] = mapped_column(LargeBinary(1023), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"))
    """32 bits without a sign (WebAuthn §6.1)."""
    device_type: Mapped[str] = mapped_column(String(16))
    """single_device | multi_device (the BE flag; must not change)"""
    backed_up: Mapped[bool]
    aaguid: Mapped[str] = mapped_column(String(36))
    transports: Mapped[str] = mapped_column(String(120), default="")
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class Passkey(CredentialRecord, Base):
    """A resident's discoverable credential."""

    __tablename__ = "passkey"
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        Index("ix_passkey_resident", "resident_id"),
    )

    resident_id: Mapped[str] = mapped_column(ForeignKey("resident.resident_id"))
    attested: Mapped[bool] = mapped_column(default=False)
    label: Mapped[str] = mapped_column(String(60))
    state: Mapped[str] = mapped_column(String(10), default=CredentialState.ACTIVE.value)


class Card(Base):
    """A bound user-authentication certificate, on a card or in a phone."""

    __tablename__ = "card"
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        Index("uq_card_active_index", "card_index", unique=True, sqlite_where=text("state = 'active'"),
              postgresql_where=text("state = 'active'")),
        Index("ix_card_resident", "resident_id"),
    )  # fmt: skip

    credential_id: Mapped[str] = mapped_column(String(26), primary_key=True)
    resident_id: Mapped[str] = mapped_column(ForeignKey("resident.resident_id"))
    card_index: Mapped[str] = mapped_column(String(64))
    """Keyed hash of (issuer key id, serial)."""
    medium: Mapped[str] = mapped_column(String(10))
    not_after: Mapped[datetime]
    ceremony_id: Mapped[str] = mapped_column(ForeignKey("ceremony.ceremony_id"))
    state: Mapped[str] = mapped_column(String(10), default=CredentialState.ACTIVE.value)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class Challenge(Base):
    """A one-use challenge of ours, for a passkey or a card; consumed before anything else is checked."""

    __tablename__ = "challenge"
    __table_args__ = (Index("ix_challenge_expires", "expires_at"),)

    challenge_id: Mapped[str] = mapped_column(String(26), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(20))
    """passkey_signin | passkey_add | card_signin | card_claim | staff_signin | staff_add"""
    nonce: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    browser_digest: Mapped[str] = mapped_column(String(64))
    attempt_id: Mapped[str | None] = mapped_column(String(43))
    resident_id: Mapped[str | None] = mapped_column(String(26))
    """Whom it was made for, and for a card later whose it is; for staff_add a staff_id."""
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(20))
    """Of what left our browser: what came back, in a word, until the browser that left comes for it."""
    return_digest: Mapped[str | None] = mapped_column(String(64))
    """Digest of the secret that went back with the answer, to whoever answered."""
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary, info=is_sealed("card-reading:{challenge_id}"))
    """What the answer proved, sealed; cleared when it is collected."""
    collected_at: Mapped[datetime | None]
