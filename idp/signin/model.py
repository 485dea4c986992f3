"""Attempts to sign in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ..foundation.database import Base


class SignInAttempt(Base):
    """One thing somebody wants to sign in for. Its id is in the URL, so tabs, the back button and old pages all work.

    Tied to the browser that began it: nobody can be led to finish another person's attempt.
    """

    __tablename__ = "signin_attempt"
    __table_args__ = (Index("ix_signin_attempt_expires", "expires_at"),)

    attempt_id: Mapped[str] = mapped_column(String(43), primary_key=True)
    browser_digest: Mapped[str] = mapped_column(String(64))
    continue_to: Mapped[str] = mapped_column(String(2000))
    """A path of ours."""
    client_id: Mapped[str | None] = mapped_column(String(64))
    request: Mapped[str | None] = mapped_column(Text)
    """For an app: the authorization request's parameters (JSON), checked again at every resume."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
