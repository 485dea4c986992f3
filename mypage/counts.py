"""The small numbers in the navigation."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .notices.model import Notice
from .notices.visible import visible
from .tasks.model import Task


@dataclass(frozen=True)
class Badges:
    unread_notices: int
    open_tasks: int


def badges(session: Session, resident_id: str) -> Badges:
    """Both counts in one statement."""
    unread = select(func.count()).select_from(Notice).where(*visible(resident_id), Notice.opened_at.is_(None))
    todo = select(func.count()).select_from(Task).where(Task.resident_id == resident_id, Task.state == "open")
    row = session.execute(select(unread.scalar_subquery(), todo.scalar_subquery())).one()
    return Badges(int(row[0]), int(row[1]))
