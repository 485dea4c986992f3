"""やること: every open task, by date."""

from __future__ import annotations

from flask import Blueprint, Response

from idp.front.logins import current_login
from idp.front.storage import parts
from idp.front.web import Caller, called_by

from ..page import show
from .read import TaskRow, list_tasks

DONE_SHOWN = 10

bp = Blueprint("my_tasks", __name__, template_folder="templates")


def by_date(tasks: list[TaskRow]) -> list[tuple[str, list[TaskRow]]]:
    """Tasks in the groups a person plans in: late, soon (seven days), later, undated."""
    groups: dict[str, list[TaskRow]] = {"late": [], "soon": [], "later": [], "undated": []}
    for task in sorted(tasks, key=lambda t: (t.days_left is None, t.days_left or 0)):
        if task.days_left is None:
            groups["undated"].append(task)
        elif task.days_left < 0:
            groups["late"].append(task)
        else:
            groups["soon" if task.days_left <= 7 else "later"].append(task)
    return [(name, rows) for name, rows in groups.items() if rows]


@bp.get("/my/tasks")
@called_by(Caller.RESIDENT)
def index() -> Response:
    """Open tasks over all cases and notices, then the last ones that are done."""
    with parts().database.read() as session:
        everything = list_tasks(session, current_login().resident_id, open_only=False)
        waiting = [task for task in everything if task.closed_at is None]
        done = [task for task in everything if task.closed_at is not None]
        return show(session, "tasks/list", "tasks", groups=by_date(waiting), count=len(waiting), done=done[:DONE_SHOWN])
