"""The unit of work: the rows that one transaction of intake works on. Families change them here; nothing is written before `write`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from idp.front.storage import clock, enqueue

from ..cases.model import Case, CaseEvent
from ..cases.phases import waits_for_resident
from ..columns import table_of
from ..notices.model import Notice
from ..tasks.model import Task
from .rows import RowSet

TOPIC = "mypage.changed"
Status = Literal["accepted", "stale", "held"]


class RefusedError(Exception):
    """An event cannot be applied: HTTP status, code, an English sentence, and members of the problem (RFC 9457)."""

    def __init__(self, status: int, code: str, detail: str, **members: Any) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.members = members


class UnitOfWork:
    """Rows of one client (department), read by `load`, and who is to be told about changes."""

    def __init__(self, session: Session, client_id: str) -> None:
        self.session = session
        self.client_id = client_id
        self.now = clock.now()
        self.cases = RowSet(table_of(Case), "subject")
        self.history = RowSet(table_of(CaseEvent), "history_id")
        self.notices = RowSet(table_of(Notice), "subject", not_ours=("opened_at", "acknowledged_at", "disowned_at"))
        self.tasks = RowSet(table_of(Task), "subject")
        self.turns = RowSet(table_of(Task), "related_case")
        """Open tasks derived from cases, by the case's subject."""
        self._changes: dict[str, dict[str, None]] = {}
        self._later: list[tuple[datetime, str, list[str]]] = []

    def load(self, cases: Collection[str], notices: Collection[str], tasks: Collection[str]) -> None:
        """Read the rows with these subjects, at most four statements."""
        self.cases.load(self.session, cases, self._own(Case))
        self.notices.load(self.session, notices, self._own(Notice))
        self.tasks.load(self.session, tasks, self._own(Task))
        found = ((subject, self.cases.get(subject)) for subject in cases)
        waiting = [s for s, row in found if row and waits_for_resident(row["phase"], row["waiting_on"])]
        self.turns.load(
            self.session,
            waiting,
            self._own(Task),
            table_of(Task).c.template.is_not(None),
            table_of(Task).c.state == "open",
        )

    def rows_of(self, family: str) -> RowSet:
        """The rows of a family of event types: case, notice or task."""
        return {"case": self.cases, "notice": self.notices, "task": self.tasks}[family]

    def _own(self, model: type[Case] | type[Notice] | type[Task]) -> ColumnElement[bool]:
        return table_of(model).c.client_id == self.client_id

    def told(self, resident_id: str, *fragments: str) -> None:
        """Pages of this resident that show one of `fragments` have something new."""
        self._changes.setdefault(resident_id, {}).update(dict.fromkeys(fragments))

    def told_later(self, at: datetime, resident_id: str, *fragments: str) -> None:
        """The same, at a time to come."""
        self._later.append((at, resident_id, list(fragments)))

    def write(self) -> None:
        """Read model, history and outbox, in a handful of statements."""
        for rows in (self.cases, self.history, self.notices, self.tasks, self.turns):
            rows.write(self.session)
        if self._changes:
            changes = [{"resident_id": r, "fragments": list(f)} for r, f in self._changes.items()]
            enqueue(self.session, TOPIC, {"changes": changes})
        for at, resident_id, fragments in self._later:
            enqueue(self.session, TOPIC, {"changes": [{"resident_id": resident_id, "fragments": fragments}]}, at)
