"""Writing the record. There is no function that changes or deletes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import BigInteger, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, Session, mapped_column

from ..foundation import clock
from ..foundation.database import Base
from ..foundation.driver import Change, Columns, write_all
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


_APPEND = Columns(AuditEvent.__table__, without=("id",)).insert  # type: ignore[arg-type]


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
    happened = _happened(event, resident_id, client_id, facts)
    write_all(session, [_appended(happened)])
    _tell(session, happened)


def appends(
    session: Session, event: AuditEventType, *, resident_id: str | None = None, **facts: str | int | None
) -> Change:
    """The same as a change, for whoever writes all at once in the transaction of `session`. Listeners hear of it now."""
    happened = _happened(event, resident_id, None, facts)
    _tell(session, happened)
    return _appended(happened)


def _happened(
    event: AuditEventType, resident_id: str | None, client_id: str | None, facts: dict[str, str | int | None]
) -> Recorded:
    if unknown := set(facts) - set(event.facts):
        raise ValueError(f"{event.stored} may not carry {sorted(unknown)}")
    return Recorded(event, clock.now(), resident_id, client_id, facts)


def _appended(happened: Recorded) -> Change:
    row = {
        "at": happened.at,
        "type": happened.event.stored,
        "resident_id": happened.resident_id,
        "client_id": happened.client_id,
        "facts": orjson.dumps(happened.facts, option=orjson.OPT_SORT_KEYS).decode(),
    }
    return _APPEND, [row]


def _tell(session: Session, happened: Recorded) -> None:
    for listener in _listeners:
        listener(session, happened)
