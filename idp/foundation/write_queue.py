"""Where the writers of one SQLite file wait for their turn, threads and processes alike.

SQLite has one writer at a time and lets the others sleep and ask again, ever longer: with several processes the slowest answers took
most of a second (docs/benchmarks.md). The system's file lock wakes the next one at once instead. It only orders our own writers;
whoever does not know it (a backup, a tool of others) is held off by SQLite itself as ever.
"""

from __future__ import annotations

import fcntl
import os
import threading
from types import TracebackType


class WriteQueue:
    """`with queue:` holds the turn. Not reentrant."""

    def __init__(self, path: str) -> None:
        self._threads = threading.Lock()
        self._path = path
        self._file: int | None = None

    def __enter__(self) -> None:
        self._threads.acquire()
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
        """Nobody may hold or want the turn any more, until it is wanted again."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
