"""The family of tasks."""

from __future__ import annotations

from ..families import EventType, Family, Follow
from .apply_event import apply_closed, apply_opened
from .derive import follow_turn, load_turns
from .examples import CLOSED, OPENED
from .schema import TaskClosed, TaskOpened
from .store import OPEN_TURNS, TASKS

TASK = Family(
    name="task",
    store=TASKS,
    more_stores=(OPEN_TURNS,),
    types=(
        EventType("jp.machi.task.opened.v1", TaskOpened, apply_opened, OPENED, begins=True),
        EventType("jp.machi.task.closed.v1", TaskClosed, apply_closed, CLOSED),
    ),
    follows=(Follow("case", follow_turn, load_turns),),
)
