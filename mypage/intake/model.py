"""What intake itself remembers: receipts, events that wait, and handles that have been claimed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from idp.front.storage import Base

from ..columns import one_of

RESULTS = ("accepted", "stale", "held")


class EventReceipt(Base):
    """An event that came in, so that it counts once (CloudEvents §3.1: `source` + `id` is unique). Kept at least 90 days."""

    __tablename__ = "event_receipt"
    __table_args__ = (
        CheckConstraint(one_of("result", RESULTS), name="result"),
        Index("ix_event_receipt_recorded", "recorded_at"),
    )

    source: Mapped[str] = mapped_column(String(255), primary_key=True)
    event_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    body_hash: Mapped[str] = mapped_column(String(64))
    """SHA-256 of what is kept of the event (`content_digest.py`); in rows of earlier versions of its canonical JSON as it was sent."""
    result: Mapped[str] = mapped_column(String(8))
    recorded_at: Mapped[datetime]


class HeldEvent(Base):
    """An event that cannot be shown yet: its applicant has no account (`handle`), or it closes what has not come in."""

    __tablename__ = "held_event"
    __table_args__ = (
        Index("ix_held_event_handle", "client_id", "handle"),
        Index("ix_held_event_subject", "client_id", "subject"),
    )

    held_id: Mapped[str] = mapped_column(String(26), primary_key=True)
    client_id: Mapped[str] = mapped_column(String(64))
    handle: Mapped[str | None] = mapped_column(String(128))
    type: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(200))
    sequence: Mapped[str] = mapped_column(String(20))
    body: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime]


class ClaimedHandle(Base):
    """A department's handle for a paper applicant, and the resident who turned out to be behind it."""

    __tablename__ = "claimed_handle"

    client_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    handle: Mapped[str] = mapped_column(String(128), primary_key=True)
    resident_id: Mapped[str] = mapped_column(ForeignKey("resident.resident_id"))
    claimed_at: Mapped[datetime]
