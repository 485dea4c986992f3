"""Events that wait: for a resident to claim a handle, or for the event they close."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

import orjson
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from idp.front.storage import clock, new_id

from ..columns import Row, table_of
from ..families import event_types
from ..wire.resident import Opaque
from ..wire.values import TAKEN_BEFORE
from .check import Checked
from .model import HeldEvent

Waiting = tuple[str, str]
"""(family, subject)"""


class Held:
    """Held events of one client: those read, those to add, those that are done."""

    def __init__(self, session: Session, client_id: str) -> None:
        self._session = session
        self._client_id = client_id
        self._waiting: dict[Waiting, list[HeldEvent]] = defaultdict(list)
        self._fresh: list[Row] = []
        self._done: list[str] = []

    def load_subjects(self, subjects: Collection[str]) -> None:
        """Read what waits for subjects that are not known yet."""
        if subjects:
            self._load(select(HeldEvent).where(HeldEvent.subject.in_(subjects)))

    def load_handle(self, handle: str) -> None:
        """Read what waits for a handle, and everything else about the same subjects."""
        subjects = select(HeldEvent.subject).where(HeldEvent.client_id == self._client_id, HeldEvent.handle == handle)
        self._load(select(HeldEvent).where(HeldEvent.subject.in_(subjects)))

    def _load(self, query: object) -> None:
        rows = self._session.scalars(query.where(HeldEvent.client_id == self._client_id))  # type: ignore[attr-defined]
        for row in rows:
            self._waiting[event_types()[row.type].family, row.subject].append(row)

    def subjects(self) -> Iterable[Waiting]:
        return list(self._waiting)

    def handle_of(self, family: str, subject: str) -> str | None:
        """The handle that earlier events about this subject wait for."""
        return next((row.handle for row in self._waiting.get((family, subject), ()) if row.handle), None)

    def waits(self, family: str, subject: str) -> bool:
        return bool(self._waiting.get((family, subject)))

    def take(self, family: str, subject: str) -> list[tuple[str, Checked]]:
        """What waits for this subject, lowest sequence first, with the id to give to `done`."""
        found = []
        for row in sorted(self._waiting.pop((family, subject), ()), key=lambda r: r.sequence):
            kind = event_types()[row.type]
            body = row.body.encode()
            event = kind.shape.model_validate(orjson.loads(body), context=TAKEN_BEFORE)
            found.append((row.held_id, Checked(kind, event, body)))
        return found

    def done(self, held_id: str) -> None:
        self._done.append(held_id)

    def check(self, checked: Checked) -> None:
        """What begins a subject must be complete even if it has to wait. Raises `RefusedError`."""
        if checked.type.complete is not None and not self.waits(checked.type.family, checked.event.subject):
            checked.type.complete(checked.event)

    def add(self, checked: Checked) -> None:
        """Have an event wait."""
        event = checked.event
        named = getattr(event.data, "resident", None)
        handle = named.id if isinstance(named, Opaque) else self.handle_of(checked.type.family, event.subject)
        row: Row = {
            "held_id": new_id(),
            "client_id": self._client_id,
            "handle": handle,
            "type": checked.type.name,
            "subject": event.subject,
            "sequence": event.sequence,
            "body": checked.body.decode(),
            "recorded_at": clock.now(),
        }
        self._fresh.append(row)
        self._waiting[checked.type.family, event.subject].append(HeldEvent(**row))

    def write(self) -> None:
        done = set(self._done)
        if fresh := [row for row in self._fresh if row["held_id"] not in done]:
            self._session.execute(insert(table_of(HeldEvent)), fresh)
        if stored := done - {row["held_id"] for row in self._fresh}:
            self._session.execute(delete(HeldEvent).where(HeldEvent.held_id.in_(stored)))
