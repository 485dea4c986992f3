"""Tables of the security events: an app's stream, the subjects it does not want to hear of, and events that wait for delivery."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ...foundation.database import Base
from ...foundation.key_ring import is_sealed

ENABLED, PAUSED, DISABLED = "enabled", "paused", "disabled"
STATUSES = (ENABLED, PAUSED, DISABLED)


class EventStream(Base):
    """An app's subscription (SSF §8.1.1); one per app."""

    __tablename__ = "event_stream"

    stream_id: Mapped[str] = mapped_column(String(26), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"), unique=True)
    events_requested: Mapped[str] = mapped_column(Text)
    """JSON: event types as the app named them; those we do not have are kept and not delivered."""
    push_url: Mapped[str | None] = mapped_column(Text)
    """Where to push; None for an app that polls."""
    authorization_sealed: Mapped[bytes | None] = mapped_column(LargeBinary, info=is_sealed("event-stream:{stream_id}"))
    """The Authorization header that the app wants to see with each push, encrypted."""
    description: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(10), default=ENABLED)
    status_reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class IgnoredSubject(Base):
    """A resident, by the app's own `sub`, whom the app removed from its stream (SSF §8.1.3.3)."""

    __tablename__ = "event_stream_ignored"

    stream_id: Mapped[str] = mapped_column(String(26), primary_key=True)
    sub: Mapped[str] = mapped_column(String(32), primary_key=True)


class SecurityEvent(Base):
    """One event for one stream, until it was delivered or is too old. It is signed when it is delivered."""

    __tablename__ = "security_event"
    __table_args__ = (
        Index("ix_security_event_stream", "stream_id", "position"),
        Index("ix_security_event_expires", "expires_at"),
    )

    position: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    jti: Mapped[str] = mapped_column(String(26), unique=True)
    stream_id: Mapped[str] = mapped_column(String(26))
    """No foreign key: an app that deletes its stream at that moment must not make a resident's sign-out fail."""
    event_type: Mapped[str] = mapped_column(String(120))
    members: Mapped[str] = mapped_column(Text)
    """JSON: what the event says. No attribute of a resident."""
    sub: Mapped[str | None] = mapped_column(String(32))
    """The resident as this app knows them; None for an event about the stream itself."""
    sid: Mapped[str | None] = mapped_column(String(32))
    """The one session that is meant."""
    txn: Mapped[str] = mapped_column(String(26))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
