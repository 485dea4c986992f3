"""What was used once: client assertions and DPoP proofs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ...foundation.database import Base


class UsedAssertion(Base):
    """`jti`s of client assertions (RFC 7523 §3): single use, remembered until they expire, restarts included."""

    __tablename__ = "used_assertion"
    __table_args__ = (Index("ix_used_assertion_expires", "expires_at"),)

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of client id and jti."""
    expires_at: Mapped[datetime]


class UsedProof(Base):
    """`jti`s of DPoP proofs: single use within their lifetime, restarts included (RFC 9449 §11.1)."""

    __tablename__ = "used_proof"
    __table_args__ = (Index("ix_used_proof_expires", "expires_at"),)

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of key thumbprint and jti."""
    expires_at: Mapped[datetime]
