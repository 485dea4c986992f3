"""Apply what a department says about a task."""

from __future__ import annotations

from datetime import date

from idp.front.storage import new_id

from ..columns import Row
from ..families.unit_of_work import RefusedError, Status, UnitOfWork
from .schema import TaskClosed, TaskOpened


def apply_opened(unit: UnitOfWork, event: TaskOpened, resident_id: str | None) -> tuple[Status, bool]:
    """A task is there, corrected, or there again. Returns the status, and whether a sequence number was skipped."""
    task = unit.tasks.get(event.subject)
    gap = False
    if task is None:
        task = {"task_id": new_id(), "client_id": unit.client_id, "subject": event.subject, "template": None}
        task |= {"params": None, "resident_id": resident_id, "opened_at": min(event.time, unit.now)}
    else:
        if resident_id is not None and resident_id != task["resident_id"]:
            raise RefusedError(422, "resident_mismatch", "This task belongs to another resident.")
        if event.sequence <= task["sequence"]:
            return "stale", False
        gap = int(event.sequence) > int(task["sequence"]) + 1
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
    _put(unit, task)
    return "accepted", gap


def apply_closed(unit: UnitOfWork, event: TaskClosed, resident_id: str | None) -> tuple[Status, bool]:
    """A task is over. One that has not come in yet has this event wait for it."""
    task = unit.tasks.get(event.subject)
    if task is None:
        return "held", False
    if resident_id is not None and resident_id != task["resident_id"]:
        raise RefusedError(422, "resident_mismatch", "This task belongs to another resident.")
    if event.sequence <= task["sequence"]:
        return "stale", False
    gap = int(event.sequence) > int(task["sequence"]) + 1
    task |= {"sequence": event.sequence, "state": event.data.result, "closed_at": min(event.time, unit.now)}
    _put(unit, task)
    return "accepted", gap


def _put(unit: UnitOfWork, task: Row) -> None:
    unit.tasks.put(task)
    unit.told(task["resident_id"], "home", "tasks", "badges")
