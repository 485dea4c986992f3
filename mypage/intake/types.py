"""The event types a department may send: shape, scope and room of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..cases.apply_event import apply_status
from ..cases.schema import CaseStatus
from ..families.unit_of_work import Status, UnitOfWork
from ..notices.apply_event import apply_published, apply_withdrawn
from ..notices.schema import NoticePublished, NoticeWithdrawn
from ..tasks.apply_event import apply_closed, apply_opened
from ..tasks.schema import TaskClosed, TaskOpened
from ..wire.event import Envelope

Apply = Callable[[UnitOfWork, Any, str | None], tuple[Status, bool]]


@dataclass(frozen=True)
class EventType:
    """`family`: case, notice or task; a subject is one row within its family."""

    name: str
    family: str
    shape: type[Envelope]
    apply: Apply
    begins: bool
    """Whether such an event can be the first about its subject."""

    @property
    def scope(self) -> str:
        return f"{self.family}:write"


TYPES: dict[str, EventType] = {
    t.name: t
    for t in (
        EventType("jp.machi.case.status.v1", "case", CaseStatus, apply_status, True),
        EventType("jp.machi.notice.published.v1", "notice", NoticePublished, apply_published, True),
        EventType("jp.machi.notice.withdrawn.v1", "notice", NoticeWithdrawn, apply_withdrawn, False),
        EventType("jp.machi.task.opened.v1", "task", TaskOpened, apply_opened, True),
        EventType("jp.machi.task.closed.v1", "task", TaskClosed, apply_closed, False),
    )
}
