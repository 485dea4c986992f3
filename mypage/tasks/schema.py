"""`jp.machi.task.opened.v1` and `jp.machi.task.closed.v1`: what a department asks a resident to do."""

from __future__ import annotations

from typing import Literal

from ..wire.event import Envelope
from ..wire.resident import Resident
from ..wire.values import ActionKind, Day, LongText, Moment, Number, Part, ShortText, Url
from .model import Result


class TaskAction(Part):
    kind: ActionKind
    label: ShortText
    url: Url | None = None
    due: Day | None = None


class TaskOpenedData(Part):
    """A task; sent again with a higher sequence it replaces the former, and opens it again if it was closed."""

    resident: Resident
    title: ShortText
    body: LongText | None = None
    related_case: Number | None = None
    due: Day | None = None
    action: TaskAction | None = None


class TaskOpened(Envelope):
    """A task is there, or is corrected."""

    type: Literal["jp.machi.task.opened.v1"]
    time: Moment
    data: TaskOpenedData


class TaskClosedData(Part):
    """Why a task is over. `resident` may be told again."""

    result: Result
    resident: Resident | None = None


class TaskClosed(Envelope):
    """A task is over."""

    type: Literal["jp.machi.task.closed.v1"]
    time: Moment
    data: TaskClosedData
