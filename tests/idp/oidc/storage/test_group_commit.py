"""Writers that wait together are committed together, and each only after its rows are on the disk."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from idp.foundation.database import prepare_sqlite
from idp.oidc.storage.group_commit import GroupCommit
from tests.support.waiting import until


class Writers:
    """Threads with a connection each on one file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.Lock()
        self.commits = GroupCommit(self.lock)
        self.statements: list[str] = []
        self.outcomes: dict[int, object] = {}
        with self.connect() as connection:
            connection.execute("CREATE TABLE paper (number INTEGER PRIMARY KEY)")
        self.statements.clear()

    def connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, check_same_thread=False)
        prepare_sqlite(connection)
        connection.set_trace_callback(self.statements.append)
        return connection

    def start(self, number: int, work: Callable[[sqlite3.Connection], object]) -> threading.Thread:
        def run() -> None:
            try:
                self.outcomes[number] = self.commits.write(self.connect(), work)
            except sqlite3.Error as error:
                self.outcomes[number] = error

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def waiting(self) -> int:
        return len(self.commits._queue)

    def numbers(self) -> list[int]:
        with sqlite3.connect(self.path) as connection:
            return [row[0] for row in connection.execute("SELECT number FROM paper ORDER BY number")]


@pytest.fixture
def writers(tmp_path: Path) -> Writers:
    return Writers(tmp_path / "papers.db")


def insert(number: int) -> Callable[[sqlite3.Connection], object]:
    return lambda connection: connection.execute("INSERT INTO paper VALUES (?)", (number,)).rowcount


def held(writers: Writers, works: dict[int, Callable[[sqlite3.Connection], object]]) -> None:
    """Run `works` so that all of them wait for the write lock at the same moment."""
    with writers.lock:
        threads = [writers.start(number, work) for number, work in works.items()]
        until(lambda: writers.waiting() == len(works))
    for thread in threads:
        thread.join(10)


def test_those_that_wait_together_share_one_commit(writers: Writers) -> None:
    held(writers, {number: insert(number) for number in range(8)})
    assert writers.numbers() == list(range(8))
    assert writers.statements.count("COMMIT") == 1
    assert set(writers.outcomes.values()) == {1}


def test_whoever_fails_fails_alone(writers: Writers) -> None:
    works = {number: insert(number) for number in range(5)}
    works[9] = insert(3)  # the same key again
    held(writers, works)
    assert writers.numbers() == [0, 1, 2, 3, 4]
    failed = [number for number, outcome in writers.outcomes.items() if isinstance(outcome, sqlite3.IntegrityError)]
    assert len(failed) == 1
    assert failed[0] in (3, 9)


def test_a_failed_work_leaves_nothing_of_itself(writers: Writers) -> None:
    def half(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO paper VALUES (100)")
        connection.execute("INSERT INTO paper VALUES (1)")
        connection.execute("INSERT INTO paper VALUES (1)")

    held(writers, {1: half, 2: insert(2)})
    assert writers.numbers() == [2]


def test_nothing_is_lost_among_many(writers: Writers) -> None:
    def many(first: int) -> threading.Thread:
        def run() -> None:
            connection = writers.connect()
            for number in range(first, first + 40):
                assert writers.commits.write(connection, insert(number)) == 1
                seen = sqlite3.connect(writers.path).execute("SELECT 1 FROM paper WHERE number = ?", (number,))
                assert seen.fetchone() is not None  # committed before the caller went on
            writers.outcomes[first] = "done"

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    for thread in [many(first) for first in range(0, 400, 40)]:
        thread.join(60)
    assert writers.numbers() == list(range(400))
    assert len(writers.outcomes) == 10


def test_a_lock_held_by_another_process_is_an_error_for_each_not_a_wait_for_each(writers: Writers) -> None:
    other = sqlite3.connect(writers.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    connection = writers.connect()
    connection.execute("PRAGMA busy_timeout=50")
    with pytest.raises(sqlite3.OperationalError):
        writers.commits.write(connection, insert(1))
    other.execute("ROLLBACK")
    assert writers.commits.write(connection, insert(1)) == 1
