"""Statements that reach the database, whatever made them."""

from __future__ import annotations

import os
import re
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, TypeVar

import psycopg
import pytest

T = TypeVar("T")
_SENT = re.compile(r"\tF\t\d+\t(Query|Execute)\b")


class Counter:
    """The statements that reached the database: SQLite's own trace, and what libpq puts on the wire."""

    def __init__(self, wire: BinaryIO) -> None:
        self.statements: list[str] = []
        self.wire = wire

    def of(self, call: Callable[[], T]) -> tuple[T, list[str]]:
        self.statements.clear()
        before = os.fstat(self.wire.fileno()).st_size
        answer = call()
        sent = os.pread(self.wire.fileno(), 1_000_000, before).decode()
        executed = [kind.upper() for kind in _SENT.findall(sent)]
        return answer, [s.split()[0].upper() for s in self.statements] + executed


def counting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter]:
    """A counter that hooks below the product; for databases that are opened from now on."""
    with tempfile.TemporaryFile() as wire:
        counter = Counter(wire)
        connect, to_server = sqlite3.connect, psycopg.Connection.connect

        def traced(*args: Any, **kwargs: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = connect(*args, **kwargs)
            connection.set_trace_callback(counter.statements.append)
            return connection

        def listened_to(*args: Any, **kwargs: Any) -> psycopg.Connection[Any]:
            connection = to_server(*args, **kwargs)
            connection.pgconn.trace(os.dup(wire.fileno()))
            return connection

        monkeypatch.setattr(sqlite3, "connect", traced)
        monkeypatch.setattr(sqlite3.dbapi2, "connect", traced)
        monkeypatch.setattr(psycopg.Connection, "connect", listened_to)
        monkeypatch.setattr(psycopg, "connect", listened_to)
        yield counter


def without_transaction(statements: list[str]) -> list[str]:
    assert statements.count("BEGIN") <= 1
    return [s for s in statements if s not in ("BEGIN", "COMMIT")]
