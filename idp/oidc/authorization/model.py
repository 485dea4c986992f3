"""Tables of authorization requests."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ...foundation.database import Base


class PushedRequest(Base):
    """An authorization request that a client deposited. Its content never leaves the server (Keycloak CVE-2024-4540)."""

    __tablename__ = "pushed_request"
    __table_args__ = (Index("ix_pushed_request_keep_until", "keep_until"),)

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of the random part of `request_uri`."""
    client_id: Mapped[str] = mapped_column(String(64))
    parameters: Mapped[str] = mapped_column(Text)
    """JSON object of strings, checked when it was pushed."""
    signed: Mapped[bool]
    """It came as a request object signed by the client (RFC 9101)."""
    expires_at: Mapped[datetime]
    """Until then the login page may be opened with it."""
    keep_until: Mapped[datetime]
    """Until then a sign-in begun with it may be finished."""
    used_at: Mapped[datetime | None]
    """An authorization was completed with it; nothing more can be."""
