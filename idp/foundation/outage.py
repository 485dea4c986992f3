"""Whether a failure means that the database cannot be used just now (try again later), or that we did something wrong (a 500)."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

RETRY_AFTER = 5
"""Seconds, for `Retry-After` (RFC 9110 §10.2.3)."""

# PostgreSQL, appendix A: 08 connection exception, 53 insufficient resources (no more connections, disk full).
_CLASSES = ("08", "53")
OVER = ("57P01", "57P02", "57P03", "57P04", "57P05", "25006")
"""The server still answers, but another connection is needed: 57P01-57P05 shutting down, crashed, starting up, dropped, idle too long,
25006 read-only: what was the primary until the failover.
"""
# Primary result codes of SQLite: a file that is locked too long, not writable, on a disk that is full or fails, or that is gone.
_CODES = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)


def is_unavailable(error: BaseException | None) -> bool:
    """Whether the database is away, read-only, failing over, full or locked: 503 with `Retry-After`, not 500.

    `error` may be SQLAlchemy's or the driver's own; what it was raised from counts as well.
    """
    return any(_says_unavailable(one) for one in _chain(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error, what it wraps, and what it was raised from."""
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [one.__cause__, one.orig if isinstance(one, DBAPIError) else None]


def _says_unavailable(error: BaseException) -> bool:
    if isinstance(error, NoConnectionFree):
        return True
    driver = sys.modules.get("psycopg")  # loaded where PostgreSQL is used; elsewhere nothing of it can be raised
    if driver is not None and isinstance(error, driver.Error):
        state: str | None = error.sqlstate
        if state is None:  # not from the server: the connection was not made, or is lost
            return isinstance(error, driver.OperationalError)
        return state in OVER or state.startswith(_CLASSES)
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in _CODES
    return isinstance(error, DBAPIError) and error.connection_invalidated
