"""Writing the record. There is no function that changes or deletes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import BigInteger, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, Session, mapped_column

from ..foundation import clock
from ..foundation.database import Base, add_row
from .catalogue import AuditEventType


class AuditEvent(Base):
    """One thing that happened, to whom, by which app."""

    __tablename__ = "audit_event"
    __table_args__ = (Index("ix_audit_event_resident", "resident_id", "at"), Index("ix_audit_event_at", "at"))

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    type: Mapped[str] = mapped_column(String(40))
    resident_id: Mapped[str | None] = mapped_column(String(26))
    client_id: Mapped[str | None] = mapped_column(String(64))
    facts: Mapped[str] = mapped_column(Text)


@dataclass(frozen=True)
class Recorded:
    """An event as it was appended."""

    event: AuditEventType
    at: datetime
    resident_id: str | None
    client_id: str | None
    facts: dict[str, str | int | None]


Listener = Callable[[Session, Recorded], None]
_listeners: list[Listener] = []


def on_record(listener: Listener) -> None:
    """Have `listener(session, recorded)` run inside every transaction that appends an event."""
    if listener not in _listeners:
        _listeners.append(listener)


def record(
    session: Session,
    event: AuditEventType,
    *,
    resident_id: str | None = None,
    client_id: str | None = None,
    **facts: str | int | None,
) -> None:
    """Append an event to the transaction of `session`. Raises ValueError on a fact the catalogue does not list."""
    if unknown := set(facts) - set(event.facts):
        raise ValueError(f"{event.stored} may not carry {sorted(unknown)}")
    now = clock.now()
    row = {"at": now, "type": event.stored, "resident_id": resident_id, "client_id": client_id}
    add_row(session, AuditEvent, row | {"facts": orjson.dumps(facts, option=orjson.OPT_SORT_KEYS).decode()})
    for listener in _listeners:
        listener(session, Recorded(event, now, resident_id, client_id, facts))
