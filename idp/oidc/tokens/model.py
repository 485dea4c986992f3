"""Tables of what is given: codes too long for an address, reference tokens, and single tokens revoked."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ...foundation.database import Base


class AuthorizationCode(Base):
    """A code too long to travel in an address: the app got a reference to it (codes.py)."""

    __tablename__ = "authorization_code"
    __table_args__ = (Index("ix_authorization_code_expires", "expires_at"),)

    code_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime]


class RevokedToken(Base):
    """`jti` of an access token revoked on its own (RFC 7009), until it would have expired."""

    __tablename__ = "revoked_token"

    jti: Mapped[str] = mapped_column(String(60), primary_key=True)
    expires_at: Mapped[datetime]


class ReferenceToken(Base):
    """An access token for another department's API. Its bearer cannot read it: the API's `sub` stays with the API."""

    __tablename__ = "reference_token"
    __table_args__ = (
        Index("ix_reference_token_grant", "grant_id"),
        Index("ix_reference_token_expires", "expires_at"),
    )

    token_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    grant_id: Mapped[str] = mapped_column(String(26))
    """The resident's grant at the beginning of the chain: when it ends, all made from it ends."""
    client_id: Mapped[str] = mapped_column(String(64))
    owner_id: Mapped[str] = mapped_column(String(64))
    """The client whose API it is for."""
    resource: Mapped[str] = mapped_column(Text)
    sub: Mapped[str] = mapped_column(String(32))
    """The resident in the owner's sector."""
    scope: Mapped[str] = mapped_column(String(1000))
    act: Mapped[str | None] = mapped_column(Text)
    """RFC 8693 §4.1, JSON: who acts, and through whom it came; None for a token not made by exchange."""
    details: Mapped[str | None] = mapped_column(Text)
    confirmation: Mapped[str | None] = mapped_column(Text)
    """`cnf` of a token bound to its bearer's key, JSON."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
