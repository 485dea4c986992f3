"""Where tasks are kept, and which parts of pages show them."""

from __future__ import annotations

from ..families import Store
from .model import Task

TASKS = Store(Task, "subject")
OPEN_TURN_TASKS = Store(Task, "related_case", where="template IS NOT NULL AND state = 'open'")
"""Open tasks derived from cases, by the case's subject."""
SHOWN_ON = ("home", "tasks", "badges")
