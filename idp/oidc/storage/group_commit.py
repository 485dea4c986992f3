"""Writers of one SQLite file share transactions: those that wait while one is being committed go together into the next.

A commit costs a wait for the disk, whatever it holds; with the database's one write lock this wait, not the statements, decides how
many requests a second can be answered. Each caller returns only after the commit that holds its rows, so nothing is answered that
is not on the disk.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from ...foundation.write_queue import begin_immediate, deadline

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], Any]

MAX_TOGETHER = 64


class _Waiting:
    """One caller's work; `signal` is held until the work is done or its caller shall lead."""

    __slots__ = ("error", "leads", "result", "signal", "until", "work")

    def __init__(self, work: Work) -> None:
        self.work = work
        self.result: Any = None
        self.error: BaseException | None = None
        self.leads = False
        self.until = deadline()
        self.signal = threading.Lock()
        self.signal.acquire()


class GroupCommit:
    """`write` from any thread; `signal` is the one among all writers of the file (foundation/write_queue.py)."""

    def __init__(self, lock: AbstractContextManager[object]) -> None:
        self._lock = lock
        self._mutex = threading.Lock()
        self._queue: deque[_Waiting] = deque()
        self._led = False

    def write(self, connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
        """The result of `work` after it is committed. It may run on another thread's connection, and again after a failure of a
        neighbour: it must do nothing but execute statements. Raises what `work` or the commit raises.
        """
        mine = _Waiting(work)
        with self._mutex:
            self._queue.append(mine)
            mine.leads = not self._led
            self._led = True
        if not mine.leads:
            mine.signal.acquire()
        if mine.leads:
            self._lead(connection)
        if mine.error is not None:
            raise mine.error
        result: T = mine.result
        return result

    def _lead(self, connection: sqlite3.Connection) -> None:
        """Commit what is waiting, the leader's own work first in the queue, and let the next one waiting lead."""
        batch: list[_Waiting] = []
        try:
            with self._lock:
                with self._mutex:
                    batch = [self._queue.popleft() for _ in range(min(len(self._queue), MAX_TOGETHER))]
                _commit(connection, batch)
        except (
            BaseException
        ) as error:  # even the rollback failed: nobody may wait for ever, nobody is told it was written
            for one in batch:
                one.error = one.error or error
        finally:
            with self._mutex:
                following = self._queue[0] if self._queue else None
                self._led = following is not None
            if following is not None:
                following.leads = True
                following.signal.release()
            for done in batch[1:]:
                done.signal.release()


def _commit(connection: sqlite3.Connection, batch: list[_Waiting]) -> None:
    """One transaction for all; if that fails, one for each, so that whoever fails, fails alone."""
    try:
        begin_immediate(connection, batch[0].until if batch else None)
    except sqlite3.Error as error:  # another process holds the file: waiting again for each would not help
        for one in batch:
            one.error = error
        return
    try:
        for one in batch:
            one.result = one.work(connection)
        connection.execute("COMMIT")
    except BaseException as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if len(batch) == 1:
            batch[0].error = error
            return
        for one in batch:
            _commit(connection, [one])
