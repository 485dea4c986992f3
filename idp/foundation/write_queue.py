"""Where the writers of one SQLite file wait for the write lock, threads and processes alike.

SQLite has one writer at a time and lets the others sleep and ask again, ever longer: with several processes the slowest answers took
most of a second (docs/benchmarks.md). The system's file lock wakes the next one at once instead. It only orders our own writers;
whoever does not know it (a backup, a tool of others) is held off by SQLite itself as ever, and we by them: for so long as a writer
is patient, counted from when it came. Those that waited behind another do not begin to wait anew.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from types import TracebackType

from .unavailable import UnavailableError

PATIENCE = 15.0
"""Seconds until a writer gives up."""


class WriteQueue:
    """`with queue:` holds the write lock. Not reentrant. Raises `UnavailableError` when it does not come."""

    def __init__(self, path: str) -> None:
        self._threads = threading.Lock()
        self._path = path
        self._file: int | None = None

    def __enter__(self) -> None:
        if not self._threads.acquire(timeout=PATIENCE):
            raise UnavailableError
        try:
            if self._file is None:
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX)
        except BaseException:
            self._threads.release()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._file is not None:
                fcntl.flock(self._file, fcntl.LOCK_UN)
        finally:
            self._threads.release()

    def close(self) -> None:
        """Nobody may hold or want the lock any more, until it is wanted again."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def deadline() -> float:
    """Of `time.monotonic`, for a writer that comes now."""
    return time.monotonic() + PATIENCE


def busy_timeout(seconds: float) -> str:
    """The statement that says how long SQLite is to wait for others."""
    return f"PRAGMA busy_timeout={int(seconds * 1000)}"


def begin_immediate(connection: sqlite3.Connection, until: float | None) -> None:
    """BEGIN IMMEDIATE, waiting for others no longer than `until` (`deadline`). Raises `sqlite3.OperationalError`."""
    left = PATIENCE if until is None else max(0.0, until - time.monotonic())
    if left > PATIENCE * 0.9:  # as the connection is set; two statements fewer in the usual case
        connection.execute("BEGIN IMMEDIATE")
        return
    connection.execute(busy_timeout(left))
    try:
        connection.execute("BEGIN IMMEDIATE")
    finally:
        connection.execute(busy_timeout(PATIENCE))
