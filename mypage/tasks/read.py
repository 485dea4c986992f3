"""Looking at a resident's tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from idp.front.storage import clock

from .. import stored_json
from ..cases import Case
from ..departments import department_names
from ..text import Localised
from ..wording import N_, about_procedure
from .model import Task

LONGEST = 200
SHOWN_ON_HOME = 3
_TITLES = {"your_turn": N_("%(procedure)s: it is your turn")}


@dataclass(frozen=True)
class TaskActionView:
    kind: str
    url: str | None
    label: Localised


@dataclass(frozen=True)
class TaskRow:
    """One thing to do. `days_left` until `due`, by the city's calendar; negative when overdue."""

    task_id: str
    client_id: str
    department: Localised
    title: Localised
    body: Localised
    due: date | None
    days_left: int | None
    action: TaskActionView | None
    case_id: str | None
    state: str
    opened_at: datetime
    closed_at: datetime | None
    derived: bool


def list_tasks(session: Session, resident_id: str, *, open_only: bool = True) -> list[TaskRow]:
    """Open tasks, those due first at the top, those without a date last; after them closed ones, the last closed first."""
    same = and_(
        Case.client_id == Task.client_id, Case.subject == Task.related_case, Case.resident_id == Task.resident_id
    )
    query = select(Task, Case.case_id).outerjoin(Case, same).where(Task.resident_id == resident_id)
    if open_only:
        query = query.where(Task.state == "open")
    found = session.execute(
        query.order_by(Task.state != "open", Task.due.is_(None), Task.due, Task.opened_at.desc()).limit(LONGEST)
    ).all()
    names = department_names(session, (task.client_id for task, _ in found))
    today = clock.now().astimezone(clock.CITY_ZONE).date()
    rows = [_row(task, case_id, names[task.client_id], today) for task, case_id in found]
    closed = [row for row in rows if row.closed_at]
    return [row for row in rows if not row.closed_at] + sorted(closed, key=_closed_at, reverse=True)


def _closed_at(row: TaskRow) -> datetime:
    return row.closed_at or row.opened_at


def _action(action: Mapping[str, Any] | None) -> TaskActionView | None:
    if action is None:
        return None
    kind, url = stored_json.text(action.get("kind")), stored_json.text(action.get("url"))
    return TaskActionView(kind or "", url, stored_json.texts(action.get("label")))


def _row(task: Task, case_id: str | None, department: Localised, today: date) -> TaskRow:
    return TaskRow(
        task_id=task.task_id,
        client_id=task.client_id,
        department=department,
        title=about_procedure(_TITLES[task.template], task.params or {}) if task.template else task.title or {},
        body=task.body or {},
        due=task.due,
        days_left=(task.due - today).days if task.due else None,
        action=_action(task.action),
        case_id=case_id,
        state=task.state,
        opened_at=task.opened_at,
        closed_at=task.closed_at,
        derived=task.template is not None,
    )


def count_open(resident_id: str) -> Select[int]:
    """How many things a resident has to do."""
    return select(func.count()).select_from(Task).where(Task.resident_id == resident_id, Task.state == "open")


def on_home(session: Session, resident_id: str) -> dict[str, Any]:
    """Everything to do, of which the first few are shown."""
    return {"tasks": list_tasks(session, resident_id), "tasks_shown": SHOWN_ON_HOME}
