"""The family of tasks."""

from __future__ import annotations

from ..families import EventType, Family, Follow, NavigationEntry, OnHome
from ..wording import N_
from .apply_event import apply_closed, apply_opened
from .derive import sync_turn_task
from .examples import CLOSED, OPENED
from .pages import bp
from .read import count_open, on_home
from .schema import TaskClosed, TaskOpened
from .store import OPEN_TURN_TASKS, TASKS

TASK = Family(
    name="task",
    store=TASKS,
    more_stores=(OPEN_TURN_TASKS,),
    types=(
        EventType("jp.machi.task.opened.v1", TaskOpened, apply_opened, OPENED, begins=True),
        EventType("jp.machi.task.closed.v1", TaskClosed, apply_closed, CLOSED),
    ),
    follows=(Follow("case", sync_turn_task, reads=OPEN_TURN_TASKS),),
    pages=(bp,),
    entry=NavigationEntry("tasks", "my_tasks.index", N_("To do"), "tasks", count_open, N_("to do")),
    on_home=OnHome(on_home, "mypage/tasks/home.html", "mypage/tasks/home_announce.html", place=10),
)
