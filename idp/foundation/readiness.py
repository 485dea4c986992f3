"""Whether this process can serve (`/readyz`): each part says how it is in one word, and whether one can go on without it.

Being ready is about traffic: whoever asks sends it elsewhere. What is away for all processes alike and can be done without (the live
bus, late deliveries) is said, but does not take the last of them out of the line. The words tell strangers nothing else.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal

from sqlalchemy import func, select, text

from . import clock
from .database import Database
from .key_ring import NOT_READY, check_key
from .live import Bus, BusUnavailableError
from .outage import is_unavailable
from .outbox import OutboxRow
from .schema import schema_state
from .settings import SettingsError
from .unavailable import UnavailableError
from .vault import Vault

# Whoever stops a server of several processes makes this file first (machi_id/serve.py); they look for it.
DRAIN_MARK = "MACHI_DRAIN_MARK"
LATE = timedelta(minutes=5)
MIB = 1024 * 1024
FULL, LOW = 64 * MIB, 1024 * MIB
# Anybody may ask, as often as they like: the database is asked once a second.
GOOD_FOR = 1.0


@dataclass(frozen=True)
class State:
    """`serves`: requests can be answered although it is not `ok`."""

    word: str
    serves: bool = True


OK = State("ok")
Check = Callable[[], State]


@dataclass(frozen=True)
class ReadinessReport:
    """`status`: ready, degraded (still serving), not_ready, draining."""

    status: Literal["ready", "degraded", "not_ready", "draining"]
    checks: dict[str, str] = field(default_factory=dict)

    @property
    def serves(self) -> bool:
        return self.status in ("ready", "degraded")


class Readiness:
    """One per process. Thread-safe."""

    def __init__(self, checks: dict[str, Check]) -> None:
        self._checks = checks
        self._lock = threading.Lock()
        self._last: tuple[float, ReadinessReport] = (-60.0, ReadinessReport("not_ready"))
        self._draining = threading.Event()
        mark = os.environ.get(DRAIN_MARK)
        self._mark = Path(mark) if mark else None

    def add(self, name: str, check: Check) -> None:
        """A part that a package checks itself."""
        self._checks[name] = check

    def drain(self) -> None:
        """This process ends soon: no new traffic."""
        self._draining.set()

    def report(self) -> ReadinessReport:
        """How things are, at most about a second ago; one thread looks, the others read what it found."""
        if self._draining.is_set() or (self._mark is not None and self._mark.exists()):
            return ReadinessReport("draining")
        at, last = self._last
        if time.monotonic() < at + GOOD_FOR or not self._lock.acquire(blocking=False):
            return last
        try:
            last = self.look()
            self._last = (time.monotonic(), last)
        finally:
            self._lock.release()
        return last

    def states(self) -> dict[str, State]:
        """Each part, now."""
        return {name: _state(check) for name, check in self._checks.items()}

    def look(self) -> ReadinessReport:
        """How things are now."""
        states = self.states()
        words = {name: state.word for name, state in states.items()}
        if not all(state.serves for state in states.values()):
            return ReadinessReport("not_ready", words)
        return ReadinessReport("ready" if all(state == OK for state in states.values()) else "degraded", words)


def _state(check: Check) -> State:
    try:
        return check()
    except BusUnavailableError:
        return State("away")
    except Exception as error:
        away = isinstance(error, UnavailableError) or is_unavailable(error)
        return State("away" if away else "failed", serves=False)


def usual_checks(database: Database, bus: Bus, vault: Vault) -> dict[str, Check]:
    """What every process needs."""
    return {
        "database": lambda: database_state(database),
        "schema": lambda: _schema(database),
        "key": lambda: _key(database, vault),
        "live": lambda: _live(bus),
        "outbox": lambda: _outbox(database),
        "disk": lambda: _disk(database),
    }


def database_state(database: Database) -> State:
    """It answers, and takes writes: a standby does not."""
    with database.read() as session:
        if database.sqlite:
            session.execute(text("SELECT 1"))
            return OK
        read_only = session.scalar(text("SHOW transaction_read_only")) == "on"
    return State("read_only", serves=False) if read_only else OK


def _schema(database: Database) -> State:
    # A newer one: another version of ours is being brought in beside this one, which still serves meanwhile.
    found = schema_state(database)
    return State(found, serves=found in ("ok", "newer"))


def _key(database: Database, vault: Vault) -> State:
    try:
        check_key(database, vault, serving=True)
    except SettingsError as error:
        return State("missing" if str(error) == NOT_READY else "wrong", serves=False)
    return OK


def _live(bus: Bus) -> State:
    bus.ping()
    return OK


def _outbox(database: Database) -> State:
    with database.read() as session:
        oldest = session.scalar(select(func.min(OutboxRow.due_at)).where(OutboxRow.gave_up.is_(False)))
    return State("late") if oldest is not None and oldest < clock.now() - LATE else OK


def _disk(database: Database) -> State:
    """Where SQLite's file is; PostgreSQL's disk is its own affair."""
    if not database.sqlite:
        return OK
    free = shutil.disk_usage(Path(str(database.url.database)).resolve().parent).free
    return State("full", serves=False) if free < FULL else State("low") if free < LOW else OK
