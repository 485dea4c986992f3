"""Apply checked events of one client in one transaction: everything is read at once, changed in memory, written at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy.orm import Session

from idp.front.resource_server import ApiClient, asks_standing, refuse_revoked
from idp.front.storage import Columns, Find

from ..columns import Row, table_of
from ..families import EventRefusedError, Status, UnitOfWork, families
from ..wire.resident import Opaque
from .check import Checked
from .held import Held
from .locks import lock_names
from .model import EventReceipt
from .release import release
from .residents import Residents


@dataclass(frozen=True)
class Accepted:
    """What became of an event; `gap`: a sequence number before it has not come in."""

    status: Literal["accepted", "duplicate", "stale", "held"]
    gap: bool = False


Result = Accepted | EventRefusedError
_RECEIPTS = Columns(table_of(EventReceipt))
_KNOWN = Find(("event_id", "body_hash"), "FROM event_receipt WHERE source = :source AND event_id among:ids")


class Intake:
    """One transaction's worth of events."""

    def __init__(self, session: Session, client: ApiClient, issuer: str) -> None:
        self._session = session
        self._client = client
        self._unit = UnitOfWork(session, client.client_id, families())
        self._held = Held(session, client.client_id)
        self._issuer = issuer
        self._receipts: dict[str, str] = {}
        self._fresh: list[Row] = []

    def accept(self, events: Sequence[Checked]) -> list[Result]:
        """Apply `events` in their order. Refused ones leave no trace; the others are written, with the outbox."""
        self._load(events)
        results = [self._one(checked) for checked in events]
        self._unit.write(*self._held.changes(), (_RECEIPTS.insert, self._fresh))
        self._held.delete_done()
        return results

    def _load(self, events: Sequence[Checked]) -> None:
        named = [r for r in (getattr(c.event.data, "resident", None) for c in events) if r is not None]
        handles = [f"handle {r.id}" for r in named if isinstance(r, Opaque)]
        lock_names(self._session, self._client.client_id, [*(c.event.subject for c in events), *handles])
        subjects: dict[str, set[str]] = defaultdict(set)
        for checked in events:
            subjects[checked.type.family].add(checked.event.subject)
        self._residents = Residents(self._client, self._issuer, named)
        receipts = {"source": events[0].event.source, "ids": list({c.event.id for c in events})}
        held = self._held.asks({c.event.subject for c in events})
        standing, known, waiting, *residents = self._unit.load(
            subjects, asks_standing(self._client), (_KNOWN, receipts), held, *self._residents.questions
        )
        refuse_revoked(standing)
        self._receipts = dict(known)
        missing = self._unit.missing(subjects)
        self._held.read(row for row in waiting if row["subject"] in missing)
        self._residents.answered(residents)

    def _one(self, checked: Checked) -> Result:
        event = checked.event
        if (before := self._receipts.get(event.id)) is not None:
            if before in (checked.digest, checked.sent):  # receipts of earlier versions hold the event as it was sent
                return Accepted("duplicate")
            return EventRefusedError(
                409, "id_reused", "An event with this source and id, but another content, came in before."
            )
        try:
            status, gap = self._apply(checked)
        except EventRefusedError as refused:
            return refused
        self._receipts[event.id] = checked.digest
        self._fresh.append(
            {
                "source": event.source,
                "event_id": event.id,
                "body_hash": checked.digest,
                "result": status,
                "recorded_at": self._unit.now,
            }
        )
        return Accepted(status, gap)

    def _apply(self, checked: Checked) -> tuple[Status, bool]:
        event, family = checked.event, checked.type.family
        self._held.refuse_another_handle(checked)
        resident_id = self._residents.find(event.data.resident)
        if resident_id is None and self._must_wait(checked):
            self._held.check(checked)
            self._held.add(checked)
            return "held", False
        if self._held.waits(family, event.subject) and checked.type.begins:
            return release(self._unit, self._held, resident_id, checked)
        status, gap = checked.type.apply(self._unit, event, resident_id)
        if status == "held":
            self._held.add(checked)
        return status, gap

    def _must_wait(self, checked: Checked) -> bool:
        """An event about somebody not known yet, whose subject is not on a page yet either."""
        event, family = checked.event, checked.type.family
        if self._unit.knows(family, event.subject):
            return False
        return isinstance(event.data.resident, Opaque) or self._held.waits(family, event.subject)
