"""Straight to the driver below a session, in its transaction, for the few statements that are run for every event.

Building, compiling and reading a statement through the ORM costs several times what a short statement costs itself. Here each is
written once for both databases, prepared once for a connection (psycopg.pq on PostgreSQL), and asked for together: on PostgreSQL all
that is read is one statement, and so is all that is written, each table once.

Values are what JSON has: texts, numbers, truths and None, and bytes beside; `Columns` turns rows of a table into them and back.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from operator import itemgetter
from typing import Any, Protocol

import orjson
from sqlalchemy import Date, Table
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.types import Boolean, LargeBinary, TypeDecorator

from .dead_connections import ReadSession

Row = dict[str, Any]
Values = Mapping[str, "str | int | bytes | list[str] | None"]
_NAME = re.compile(r"(among)?:(\w+)")


class Columns:
    """Columns of a table, and their values as both drivers take them."""

    def __init__(self, table: Table, without: Sequence[str] = ()) -> None:
        self.table = table.name
        self.key = table.primary_key.columns[0].name
        self._take({c.name: c.type for c in table.columns if c.name not in without})
        listed = ", ".join(self.names)
        self.insert = Write(
            f"INSERT INTO {self.table} ({listed}) VALUES ({', '.join('?' * len(self.names))})",  # noqa: S608 - names of ours
            f"INSERT INTO {self.table} ({listed}) SELECT {listed} FROM json_populate_recordset(NULL::{self.table}, $1)",  # noqa: S608
            self,
        )

    def update(self, names: Sequence[str]) -> Write:
        """Sets `names` of the rows with the same primary key."""
        own = Columns.__new__(Columns)
        own.table, own.key = self.table, self.key
        own._take({name: self._types[name] for name in (*names, self.key)})
        here = ", ".join(f"{name} = ?" for name in names)
        there = ", ".join(f"{name} = told.{name}" for name in names)
        told = f"json_populate_recordset(NULL::{self.table}, $1) AS told"
        return Write(
            f"UPDATE {self.table} SET {here} WHERE {self.key} = ?",  # noqa: S608
            f"UPDATE {self.table} SET {there} FROM {told} WHERE {self.table}.{self.key} = told.{self.key}",  # noqa: S608
            own,
        )

    def find(self, where: str) -> Find:
        """Rows of the table, with all of these columns."""
        return Find(self.names, f"FROM {self.table} WHERE {where}", self)

    def written(self, row: Mapping[str, Any]) -> list[Any]:
        """The values of a row, in the order of `names`."""
        values = list(self._values(row))
        for place, write in self._writers:
            if (value := values[place]) is not None:
                values[place] = write(value)
        return values

    def read(self, values: Sequence[Any]) -> Row:
        """A row from its values."""
        row = dict(zip(self.names, values, strict=True))
        for name, read in self._readers:
            if row[name] is not None:
                row[name] = read(row[name])
        return row

    def _take(self, types: dict[str, Any]) -> None:
        self.names = tuple(types)
        self._types = types
        self._values = itemgetter(*types)
        self._writers = [(place, write) for place, kind in enumerate(types.values()) if (write := _writer(kind))]
        self._readers = [(name, read) for name, kind in types.items() if (read := _reader(kind))]


def _writer(kind: Any) -> Callable[[Any], Any] | None:
    """How a value of this type is written, None excepted; None if as it is."""
    if isinstance(kind, TypeDecorator):
        return partial(kind.process_bind_param, dialect=None)  # type: ignore[arg-type]  # ours ask for no dialect
    return date.isoformat if isinstance(kind, Date) else None


def _reader(kind: Any) -> Callable[[Any], Any] | None:
    if isinstance(kind, TypeDecorator):
        return partial(kind.process_result_value, dialect=None)  # type: ignore[arg-type]
    if isinstance(kind, Date):
        return date.fromisoformat
    if isinstance(kind, LargeBinary):
        return read_bytes
    return bool if isinstance(kind, Boolean) else None


def read_bytes(value: bytes | str) -> bytes:
    """Bytes from an answer without `Columns`: JSON has none, PostgreSQL writes them as `\\x…` (its hex format of bytea)."""
    return bytes.fromhex(value[2:]) if isinstance(value, str) else value


class Find:
    """A question. `tail` begins with FROM; `:name` is a parameter, and `x among:names` says that x is one of a list of texts."""

    def __init__(self, names: Sequence[str], tail: str, columns: Columns | None = None) -> None:
        self._columns = columns
        self._names = ", ".join(names)
        self._tail = tail
        self.sqlite = _NAME.sub(_named, f"SELECT {self._names} {tail}")

    def postgresql(self, parameters: list[str], number: int) -> str:
        """The question as one column, a JSON array of arrays; adds to the names of the parameters."""

        def placed(found: re.Match[str]) -> str:
            name = f"{found[2]}.{number}"
            if name not in parameters:
                parameters.append(name)
            place = f"${parameters.index(name) + 1}"
            return f"= ANY({place}::text[])" if found[1] else place

        tail = _NAME.sub(placed, self._tail)
        return f"(SELECT coalesce(json_agg(json_build_array({self._names})), '[]')::text {tail})"

    def read(self, values: Sequence[Any]) -> Any:
        return values if self._columns is None else self._columns.read(values)


def _named(found: re.Match[str]) -> str:
    return f"IN (SELECT value FROM json_each(:{found[2]}))" if found[1] else f":{found[2]}"  # noqa: S608 - a name of ours


class Write:
    """What is done with rows of one table."""

    def __init__(self, sqlite: str, postgresql: str, columns: Columns) -> None:
        self.sqlite = sqlite
        self.postgresql = postgresql
        self.columns = columns


Question = tuple[Find, Values]
Change = tuple[Write, Sequence[Mapping[str, Any]]]


def find_all(session: Session, questions: Sequence[Question]) -> list[list[Any]]:
    """The rows of each question. They are seen at one time on PostgreSQL, and in one transaction on SQLite. A reading session
    asks again if its connection is lost.
    """

    def ask() -> list[list[Any]]:
        return _below(session).find_all(questions)

    return session.asking_again(ask) if isinstance(session, ReadSession) else ask()


def write_all(session: Session, changes: Sequence[Change]) -> None:
    """Write rows, in this order for each table. Raises `IntegrityError`."""
    _below(session).write_all([change for change in changes if change[1]])


def lock_all(session: Session, space: int, numbers: Sequence[int]) -> None:
    """Hold these locks until the transaction ends, taken in this order. SQLite has one writer anyway."""
    if numbers:
        _below(session).lock(space, numbers)


def _below(session: Session) -> Driver:
    connection = session.connection()
    driver = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        return _Sqlite(driver)
    from .driver_postgresql import PostgresqlDriver  # only who has PostgreSQL loads psycopg

    return PostgresqlDriver(connection)


class Driver(Protocol):
    """What this module asks of a connection."""

    def find_all(self, questions: Sequence[Question]) -> list[list[Any]]: ...
    def write_all(self, changes: Sequence[Change]) -> None: ...
    def lock(self, space: int, numbers: Sequence[int]) -> None: ...


class _Sqlite:
    def __init__(self, driver: sqlite3.Connection) -> None:
        self._driver = driver

    def find_all(self, questions: Sequence[Question]) -> list[list[Any]]:
        return [
            [find.read(row) for row in self._driver.execute(find.sqlite, _lists_as_json(values))]
            for find, values in questions
        ]

    def write_all(self, changes: Sequence[Change]) -> None:
        try:
            for write, rows in changes:
                self._driver.executemany(write.sqlite, [write.columns.written(row) for row in rows])
        except sqlite3.IntegrityError as error:
            raise IntegrityError(None, None, error) from error

    def lock(self, space: int, numbers: Sequence[int]) -> None:
        """There is one writer, and it is this one."""


def _lists_as_json(values: Values) -> dict[str, Any]:
    return {name: orjson.dumps(v).decode() if isinstance(v, list) else v for name, v in values.items()}
