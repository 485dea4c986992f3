"""Prepared statements on PostgreSQL through psycopg's lower layer (psycopg.pq): half the time of a cursor for one short statement.

A cursor adapts types, waits without blocking and keeps a state machine, for each call anew; the hot path knows its few statements,
whose parameters and columns are texts, numbers, truths and bytes. Behind a pooler that gives each transaction another connection
nothing stays prepared, so the server plans each statement when it comes; it is one round trip all the same.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection, DataError, Error, OperationalError
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, Format
from psycopg.pq.abc import PGresult

from ...foundation.dead_connections import is_dead
from ...foundation.outage import OVER
from ...foundation.unavailable import UnavailableError, as_unavailable

PATIENCE = 15.0
"""Seconds until whoever finds every line in use gives up."""

Row = tuple[Any, ...]
_NAME = re.compile(r"%\((\w+)\)s")
# Every statement here finds its rows by index, whatever the tables hold: planned once per connection instead of at each execution,
# which is a fifth of the server's time; without sequential scans, which a plan made on a table still empty would keep.
_SETTINGS = ("plan_cache_mode = force_generic_plan", "enable_seqscan = off", "jit = off")


def _number(raw: bytes) -> int:
    return int.from_bytes(raw, "big", signed=True)


# PostgreSQL's type ids: bytea, int8, int4, text, varchar (pg_type.dat).
_READ: dict[int, Callable[[bytes], Any]] = {17: bytes, 20: _number, 23: _number, 25: bytes.decode, 1043: bytes.decode}


class Statement:
    """SQL with `%(name)s` in it; every name is one parameter, however often it stands there. `only_reads`: it may be asked again."""

    def __init__(self, name: str, sql: str, *, only_reads: bool = False) -> None:
        self.only_reads = only_reads
        self.name = name.encode()
        self.parameters = tuple(dict.fromkeys(_NAME.findall(sql)))
        self.sql = _NAME.sub(lambda found: f"${self.parameters.index(found[1]) + 1}", sql).encode()


class LostError(OperationalError):
    """The connection ended. `nothing_done`: before the statement was sent, or with the answer that it was not done."""

    def __init__(self, nothing_done: bool) -> None:
        super().__init__("the connection is lost")
        self.nothing_done = nothing_done


class PreparedConnection:
    """One connection, each statement a transaction of its own."""

    def __init__(self, conninfo: str, prepared: bool = True) -> None:
        self._connection: Connection[Row] = Connection.connect(conninfo, autocommit=True)
        self._prepared = prepared
        if prepared:  # they are for the plans that stay
            for setting in _SETTINGS:
                self._connection.execute(f"SET {setting}")
        self._pg = self._connection.pgconn
        self._over = False
        self._known: set[bytes] = set()
        self._readers: dict[bytes, list[Callable[[bytes], Any]]] = {}

    def row(self, statement: Statement, values: dict[str, Any]) -> Row | None:
        """The first row, None if there is none. Raises `psycopg.Error`, `LostError` when the line cannot be used again."""
        sent = False
        try:
            if self._prepared and statement.name not in self._known:
                self._prepare(statement)
            given: Any = [
                _sent(values[name]) for name in statement.parameters
            ]  # None is NULL, which its annotation forgets
            sent = True
            if self._prepared:
                result = self._pg.exec_prepared(statement.name, given, result_format=Format.BINARY)
            else:
                result = self._pg.exec_params(statement.sql, given, result_format=Format.BINARY)
            if result.status != ExecStatus.TUPLES_OK:
                raise self._error(result)
        except OperationalError as error:
            if self.broken:
                raise LostError(nothing_done=self._over or not sent) from error
            raise
        if not result.ntuples:
            return None
        readers = self._readers.get(statement.name) or self._readers_of(statement, result)
        get = result.get_value
        return tuple(None if (raw := get(0, n)) is None else read(raw) for n, read in enumerate(readers))

    @property
    def broken(self) -> bool:
        return self._over or self._pg.status != ConnStatus.OK

    @property
    def stale(self) -> bool:
        """Whether the server ended it while it lay idle."""
        return self.broken or is_dead(self._pg.socket)

    def close(self) -> None:
        self._connection.close()

    def _prepare(self, statement: Statement) -> None:
        done = self._pg.prepare(statement.name, statement.sql)
        if done.status != ExecStatus.COMMAND_OK:
            raise self._error(done)
        self._known.add(statement.name)

    def _readers_of(self, statement: Statement, described: PGresult) -> list[Callable[[bytes], Any]]:
        readers = [_READ[described.ftype(n)] for n in range(described.nfields)]
        self._readers[statement.name] = readers
        return readers

    def _error(self, result: PGresult) -> Error:
        if self.broken:
            return OperationalError("the connection is lost")
        error = error_from_result(result)
        if error.sqlstate not in OVER:
            return error
        self._over = True  # the server answered, and did nothing
        return OperationalError(str(error))


def _sent(value: str | int | bytes | bool | None) -> bytes | None:
    """The text form of a parameter; its type is the one the statement gives it."""
    if value is None:
        return None
    if isinstance(value, str):
        raw = value.encode()
        if b"\0" in raw:
            raise DataError("a text of PostgreSQL holds no NUL")  # libpq would end the text there
        return raw
    if isinstance(value, bytes):
        return b"\\x" + value.hex().encode()
    return b"%d" % value  # a truth is 1 or 0


class ConnectionPool:
    """So many connections at most; the one given back last is used first. Thread-safe."""

    def __init__(self, conninfo: str, at_most: int, *, prepared: bool = True) -> None:
        self._conninfo, self._prepared = conninfo, prepared
        self._free = threading.Semaphore(at_most)
        self._idle: list[PreparedConnection] = []

    def row(self, statement: Statement, values: dict[str, Any]) -> Row | None:
        """See `PreparedConnection.row`; a read whose line is lost is asked again on another. Raises `UnavailableError`."""
        with as_unavailable():
            try:
                with self._connection() as connection:
                    return connection.row(statement, values)
            except LostError as error:
                if not statement.only_reads:
                    raise UnavailableError(error.nothing_done) from error
            with self._connection() as connection:
                return connection.row(statement, values)

    def close(self) -> None:
        """Nobody may be using one."""
        while self._idle:
            try:
                self._idle.pop().close()
            except IndexError:  # another thread took it
                return

    @contextmanager
    def _connection(self) -> Iterator[PreparedConnection]:
        if not self._free.acquire(timeout=PATIENCE):
            raise UnavailableError
        try:
            connection = self._idle_connection() or PreparedConnection(self._conninfo, self._prepared)
            try:
                yield connection
            finally:
                if connection.broken:
                    connection.close()
                    self.close()  # the server went away, and with it the others
                else:
                    self._idle.append(connection)
        finally:
            self._free.release()

    def _idle_connection(self) -> PreparedConnection | None:
        """One that still has its other end."""
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread took it
                return None
            if not connection.stale:
                return connection
            connection.close()
        return None
