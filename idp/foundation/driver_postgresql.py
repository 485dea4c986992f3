"""What driver.py asks of PostgreSQL, through psycopg's lower layer (psycopg.pq), which waits and adapts nothing."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from typing import Any, cast

import orjson
import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, TransactionStatus
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, OperationalError

from .database import POOLED
from .driver import Change, Columns, Question
from .outage import OVER

# The prepared statements of each connection: name by text.
_prepared: weakref.WeakKeyDictionary[psycopg.Connection[Any], dict[bytes, bytes]] = weakref.WeakKeyDictionary()


class PostgresqlDriver:
    """See `driver.Driver`."""

    def __init__(self, connection: Connection) -> None:
        self._driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
        self._pg = self._driver.pgconn
        self._connection = connection
        self._prepares = not connection.get_execution_options().get(POOLED)

    def find_all(self, questions: Sequence[Question]) -> list[list[Any]]:
        parameters: list[str] = []
        columns = [find.postgresql(parameters, number) for number, (find, _) in enumerate(questions)]
        given = [_sent(questions[int(number)][1][name]) for name, _, number in (p.partition(".") for p in parameters)]
        result = self._run(f"SELECT {', '.join(columns)}", given)
        answers = [orjson.loads(cast(bytes, result.get_value(0, number))) for number in range(len(questions))]
        return [[find.read(row) for row in rows] for (find, _), rows in zip(questions, answers, strict=True)]

    def write_all(self, changes: Sequence[Change]) -> None:
        together: dict[str, Change] = {}
        for change in changes:
            if change[0].columns.table in together:  # a statement sees no row that another part of it has changed
                self._write(list(together.values()))
                together = {}
            together[change[0].columns.table] = change
        if together:
            self._write(list(together.values()))

    def lock(self, space: int, numbers: Sequence[int]) -> None:
        begin = "BEGIN; " if self._pg.transaction_status == TransactionStatus.IDLE else ""
        locks = "; ".join(f"SELECT pg_advisory_xact_lock({int(space)}, {int(number)})" for number in numbers)
        self._checked(self._pg.exec_(f"{begin}{locks}".encode()))

    def _write(self, changes: Sequence[Change]) -> None:
        *first, (write, _) = changes
        parts = [f"w{n} AS ({w.postgresql.replace('$1', f'${n + 1}')})" for n, (w, _) in enumerate(first)]
        sql = (f"WITH {', '.join(parts)} " if parts else "") + write.postgresql.replace("$1", f"${len(changes)}")
        self._run(sql, [_objects(w.columns, rows) for w, rows in changes])

    def _run(self, sql: str, given: Any) -> Any:
        if self._pg.transaction_status == TransactionStatus.IDLE and not self._driver.autocommit:
            self._checked(self._pg.exec_(b"BEGIN"))
        text = sql.encode()
        if not self._prepares:
            return self._checked(self._pg.exec_params(text, given))
        names = _prepared.setdefault(self._driver, {})
        name = names.get(text)
        if name is None:
            name = b"machi_%d" % len(names)
            self._checked(self._pg.prepare(name, text))
            names[text] = name
        return self._checked(self._pg.exec_prepared(name, given))

    def _checked(self, result: Any) -> Any:
        if result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
            return result
        if self._driver.broken:
            lost = psycopg.OperationalError("the connection is lost")
            self._connection.invalidate(lost)
            raise OperationalError(None, None, lost, connection_invalidated=True) from lost  # what ReadSession knows
        error = error_from_result(result)
        if error.sqlstate in OVER:
            self._connection.invalidate(error)
        if isinstance(error, psycopg.IntegrityError):
            raise IntegrityError(None, None, error) from error
        raise error


def _sent(value: str | int | bytes | list[str] | None) -> bytes | None:
    """The text form of a parameter; its type is the one the statement gives it."""
    if value is None:
        return None
    if isinstance(value, list):
        quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in value)
        value = "{" + ",".join(f'"{text}"' for text in quoted) + "}"
    if isinstance(value, bytes):
        value = _hex(value)
    raw = value.encode() if isinstance(value, str) else b"%d" % value
    if b"\0" in raw:
        raise psycopg.DataError("a text of PostgreSQL holds no NUL")  # libpq would end the text there
    return raw


def _objects(columns: Columns, rows: Sequence[Mapping[str, Any]]) -> bytes:
    objects = [dict(zip(columns.names, columns.written(row), strict=True)) for row in rows]
    return orjson.dumps(objects, default=_hex)


def _hex(value: bytes) -> str:
    """The text form of a bytea."""
    return f"\\x{value.hex()}"
