"""Events that wait: for a resident to claim a handle, or for the event they close."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

import orjson
from sqlalchemy import delete
from sqlalchemy.orm import Session

from idp.front.storage import Change, Columns, Question, clock, new_id

from ..columns import Row, table_of
from ..families import event_types, mismatch
from ..wire.resident import Opaque
from ..wire.values import TAKEN_BEFORE
from .check import Checked
from .model import HeldEvent

Waiting = tuple[str, str]
"""(family, subject)"""


_HELD = Columns(table_of(HeldEvent))
_OF_SUBJECTS = _HELD.find("client_id = :client AND subject among:subjects")
_OF_HANDLE = _HELD.find(
    "client_id = :client AND subject IN (SELECT h.subject FROM held_event h WHERE h.client_id = :client AND h.handle = :handle)"
)


class Held:
    """Held events of one client: those read, those to add, those that are done."""

    def __init__(self, session: Session, client_id: str) -> None:
        self._session = session
        self._client_id = client_id
        self._waiting: dict[Waiting, list[Row]] = defaultdict(list)
        self._fresh: list[Row] = []
        self._done: list[str] = []

    def asks(self, subjects: Collection[str]) -> Question:
        """What waits for these subjects; the answer is for `read`."""
        return _OF_SUBJECTS, {"client": self._client_id, "subjects": list(subjects)}

    def asks_handle(self, handle: str) -> Question:
        """What waits for a handle, and everything else about the same subjects."""
        return _OF_HANDLE, {"client": self._client_id, "handle": handle}

    def read(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self._waiting[event_types()[row["type"]].family, row["subject"]].append(row)

    def subjects(self, handle: str) -> list[Waiting]:
        """Those that wait for `handle`; another family's with the same number may wait for somebody else."""
        return [
            waiting for waiting, rows in self._waiting.items() if {row["handle"] for row in rows} - {None} == {handle}
        ]

    def handle_of(self, family: str, subject: str) -> str | None:
        """The handle that earlier events about this subject wait for."""
        return next((row["handle"] for row in self._waiting.get((family, subject), ()) if row["handle"]), None)

    def waits(self, family: str, subject: str) -> bool:
        return bool(self._waiting.get((family, subject)))

    def take(self, family: str, subject: str) -> list[tuple[str, Checked]]:
        """What waits for this subject, lowest sequence first, with the id to give to `done`."""
        found = []
        for row in sorted(self._waiting.pop((family, subject), ()), key=lambda r: str(r["sequence"])):
            kind = event_types()[row["type"]]
            body = row["body"].encode()
            event = kind.shape.model_validate(orjson.loads(body), context=TAKEN_BEFORE)
            found.append((row["held_id"], Checked(kind, event, body)))
        return found

    def done(self, held_id: str) -> None:
        self._done.append(held_id)

    def refuse_another_handle(self, checked: Checked) -> None:
        """A subject waits for one person. Raises `EventRefusedError`."""
        named = getattr(checked.event.data, "resident", None)
        before = self.handle_of(checked.type.family, checked.event.subject)
        if isinstance(named, Opaque) and before not in (None, named.id):
            raise mismatch()

    def check(self, checked: Checked) -> None:
        """What begins a subject must be complete even if it has to wait. Raises `EventRefusedError`."""
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
        self._waiting[checked.type.family, event.subject].append(row)

    def changes(self) -> list[Change]:
        """Events that have to wait from now on."""
        done = set(self._done)
        return [(_HELD.insert, [row for row in self._fresh if row["held_id"] not in done])]

    def delete_done(self) -> None:
        """Forget those that wait no more."""
        if stored := set(self._done) - {row["held_id"] for row in self._fresh}:
            self._session.execute(delete(HeldEvent).where(HeldEvent.held_id.in_(stored)))
