"""The login session."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ..foundation.database import Base


class LoginSession(Base):
    """A login on one device. This row is the authority: what is ended here is ended everywhere."""

    __tablename__ = "login_session"
    __table_args__ = (Index("ix_login_session_resident", "resident_id", "ended_at"),)

    session_id: Mapped[str] = mapped_column(String(26), primary_key=True)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    resident_id: Mapped[str] = mapped_column(ForeignKey("resident.resident_id"))
    factors: Mapped[str] = mapped_column(Text)
    """JSON list of `levels.Factor`."""
    authenticated_at: Mapped[datetime]
    """The newest factor's time. What a login may claim with it is up to `levels.assurance`."""
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    """The absolute end; the idle end is `seen_at` + setting."""
    ended_at: Mapped[datetime | None]
    device: Mapped[str] = mapped_column(String(80))
    """What the browser says it is, shortened for people, e.g. "Chrome · Windows"."""
