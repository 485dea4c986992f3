"""Apply what a department says about a task."""

from __future__ import annotations

from datetime import date

from idp.front.storage import new_id

from ..columns import Row
from ..families import Status, UnitOfWork, order_of
from ..posted import Item
from .schema import TaskClosed, TaskOpened
from .store import SHOWN_ON, TASKS


def apply_opened(unit: UnitOfWork, event: TaskOpened, resident_id: str | None) -> tuple[Status, bool]:
    """A task is there, corrected, or there again. Returns the status, and whether a sequence number was skipped."""
    task = unit.rows(TASKS).get(event.subject)
    gap = False
    if task is None:
        task = {"task_id": new_id(), "client_id": unit.client_id, "subject": event.subject, "template": None}
        task |= {"params": None, "resident_id": resident_id, "opened_at": min(event.time, unit.now)}
    else:
        stale, gap = order_of(task, event, resident_id)
        if stale:
            return "stale", False
    data = event.data
    due: date | None = data.due or (data.action.due if data.action else None)
    task |= {
        "sequence": event.sequence,
        "state": "open",
        "closed_at": None,
        "title": data.title,
        "body": data.body,
        "related_case": data.related_case,
        "due": due,
        "action": data.action
        and data.action.model_dump(mode="json", include={"kind", "label", "url"}, exclude_none=True),
    }
    _put(unit, task, Item("task", task["task_id"], "normal"))
    return "accepted", gap


def apply_closed(unit: UnitOfWork, event: TaskClosed, resident_id: str | None) -> tuple[Status, bool]:
    """A task is over. One that has not come in yet has this event wait for it."""
    task = unit.rows(TASKS).get(event.subject)
    if task is None:
        return "held", False
    stale, gap = order_of(task, event, resident_id)
    if stale:
        return "stale", False
    task |= {"sequence": event.sequence, "state": event.data.result, "closed_at": min(event.time, unit.now)}
    _put(unit, task)
    return "accepted", gap


def _put(unit: UnitOfWork, task: Row, item: Item | None = None) -> None:
    unit.rows(TASKS).put(task)
    unit.postings.add(task["resident_id"], SHOWN_ON, item)
