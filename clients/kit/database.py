"""SQLite for one app: a connection per thread, short transactions, work to do after the commit."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Row = sqlite3.Row


class Transaction:
    """One write transaction. Hand it to `CaseReporter` so that a change and its event are committed together."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._after: list[Callable[[], None]] = []

    def execute(self, sql: str, values: tuple[Any, ...] | dict[str, Any] = ()) -> sqlite3.Cursor:
        """Run one statement inside the transaction."""
        return self._connection.execute(sql, values)

    def one(self, sql: str, values: tuple[Any, ...] | dict[str, Any] = ()) -> Row | None:
        """The first row, or None."""
        row: Row | None = self._connection.execute(sql, values).fetchone()
        return row

    def after_commit(self, action: Callable[[], None]) -> None:
        """Run `action` once the transaction is durable; not at all if it is rolled back."""
        self._after.append(action)

    def _committed(self) -> None:
        for action in self._after:
            action()


class Database:
    """An SQLite file in WAL mode. Safe to share between threads and processes."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._local = threading.local()

    def connection(self) -> sqlite3.Connection:
        """This thread's connection, in autocommit mode, rows by name."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self.path, isolation_level=None, timeout=10)
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode=WAL")
            # NORMAL may lose the last commits in a power cut; an event that the clerk saw saved must not be lost.
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
            self._local.connection = connection
        return connection

    def create(self, schema: str) -> None:
        """Create tables and indexes; `schema` is a script of `CREATE ... IF NOT EXISTS`."""
        self.connection().executescript(schema)

    def all(self, sql: str, values: tuple[Any, ...] | dict[str, Any] = ()) -> list[Row]:
        """All rows of a query outside any transaction."""
        return self.connection().execute(sql, values).fetchall()

    def one(self, sql: str, values: tuple[Any, ...] | dict[str, Any] = ()) -> Row | None:
        """The first row of a query outside any transaction, or None."""
        row: Row | None = self.connection().execute(sql, values).fetchone()
        return row

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Commit at the end of the block, roll back on an exception. Takes the write lock at once."""
        connection = self.connection()
        connection.execute("BEGIN IMMEDIATE")
        transaction = Transaction(connection)
        try:
            yield transaction
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        transaction._committed()

    def close(self) -> None:
        """Close this thread's connection."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None
