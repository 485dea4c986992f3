"""Tables of registration."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from ...foundation.database import Base


class InitialAccessToken(Base):
    """A right to register clients (RFC 7591 §3)."""

    __tablename__ = "initial_access_token"

    token_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    note: Mapped[str] = mapped_column(String(200))
    uses_left: Mapped[int]
    expires_at: Mapped[datetime]
