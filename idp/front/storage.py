"""Tables, time, work for later, and what is away: the ground both packages stand on."""

from __future__ import annotations

from ..foundation import clock
from ..foundation.after_commit import wake_worker_after_commit
from ..foundation.context import Parts, parts
from ..foundation.database import Base, Instant
from ..foundation.driver import Change, Columns, Find, Question, find_all, lock_all, write_all
from ..foundation.housekeeping import cleans_up
from ..foundation.ids import new_id
from ..foundation.journal import JournalRow, Mark
from ..foundation.limits import LimitExceededError
from ..foundation.live import BusUnavailableError
from ..foundation.outbox import ENQUEUE, Job, RetryLaterError, enqueue, job
from ..foundation.unavailable import UnavailableError
from ..foundation.vault import VaultError

__all__ = [
    "ENQUEUE",
    "Base",
    "BusUnavailableError",
    "Change",
    "Columns",
    "Find",
    "Instant",
    "Job",
    "JournalRow",
    "LimitExceededError",
    "Mark",
    "Parts",
    "Question",
    "RetryLaterError",
    "UnavailableError",
    "VaultError",
    "cleans_up",
    "clock",
    "enqueue",
    "find_all",
    "job",
    "lock_all",
    "new_id",
    "parts",
    "wake_worker_after_commit",
    "write_all",
]
