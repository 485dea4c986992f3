"""The database: engine, table base, and the two ways to use it (`read`, `write`).

SQLite (embedded default) runs in WAL mode with synchronous=FULL, so an answered request is on the disk. Its writers stand in a queue
of ours (write_queue.py) instead of SQLite's busy-waiting, and start with BEGIN IMMEDIATE, so that none fails half-way.

A database that is away is an `UnavailableError`: connections that ended are noticed before they are used (dead_connections.py), a
read whose connection is lost is asked again, a write is not. Who writes learns whether nothing was done, or whether it cannot be known.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast

from sqlalchemy import BigInteger, Dialect, Insert, MetaData, create_engine, event, insert
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from . import write_queue
from .dead_connections import ReadSession, replace_dead_connections
from .outage import is_unavailable
from .private_files import private_database
from .unavailable import UnavailableError, as_unavailable
from .write_queue import WriteQueue, begin_immediate, busy_timeout, deadline

POOLED = "machi_pooled"
"""An engine's execution option: see `Database.__init__`."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Instant(TypeDecorator[datetime]):
    """An aware UTC time, stored as milliseconds since 1970 in a BIGINT.

    The same on both databases, ordered, indexable, and read by hand-written statements without any conversion.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return to_ms(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else from_ms(value)


def to_ms(value: datetime) -> int:
    """Milliseconds since 1970, the stored form of an `Instant`."""
    return (value - _EPOCH) // _MILLISECOND


def from_ms(value: int) -> datetime:
    """The aware UTC time of a stored `Instant`."""
    return _EPOCH + timedelta(milliseconds=value)


class Base(DeclarativeBase):
    """Every table's base; names of constraints are fixed so that migrations can find them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: Instant}


class Database:
    """One database, opened once per process."""

    def __init__(self, url: str, pool_size: int = 16, *, pooled: bool = False) -> None:
        """`pooled`: each transaction may run on another connection of the server (`MACHI_DATABASE_POOLED`); nothing is kept in one."""
        parsed = make_url(url)
        self.sqlite = parsed.get_backend_name() == "sqlite"
        self.write_queue: AbstractContextManager[object] = nullcontext()
        """The one write lock for all writers of a SQLite file; PostgreSQL needs none."""
        self._writing = threading.local()
        if self.sqlite:
            if parsed.database:
                private_database(Path(parsed.database))
            self.write_queue = WriteQueue(f"{parsed.database}-queue")
            self.engine: Engine = create_engine(
                parsed.set(drivername="sqlite+pysqlite"),
                connect_args={"check_same_thread": False, "timeout": write_queue.PATIENCE},
                pool_size=pool_size,
                max_overflow=64,
                hide_parameters=True,
                pool_timeout=write_queue.PATIENCE,
            )
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        else:
            self.engine = create_engine(
                parsed.set(drivername="postgresql+psycopg"),
                # psycopg forgets what it prepared at each rollback, as after each reading session, and ours with it (driver.py).
                connect_args={"prepare_threshold": None},
                execution_options={POOLED: pooled},
                pool_size=pool_size,
                max_overflow=16,
                hide_parameters=True,
                pool_timeout=write_queue.PATIENCE,
            )
            replace_dead_connections(self.engine)
        self._reader = Session if self.sqlite else ReadSession
        self.url = parsed
        self.pooled = pooled

    @property
    def place(self) -> str:
        """For people: SQLite's file, or the server and database without user and password."""
        if self.sqlite:
            return str(Path(str(self.url.database)).absolute())
        return (
            f"PostgreSQL at {self.url.host or self.url.query.get('host', 'its socket')}, database {self.url.database}"
        )

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for looking only; nothing it holds is written. Raises `UnavailableError`.

        On PostgreSQL each statement stands for itself: under READ COMMITTED it has a snapshot of its own in any case, and BEGIN
        and ROLLBACK around it were two round trips of three.
        """
        engine = self.engine if self.sqlite else self.engine.execution_options(isolation_level="AUTOCOMMIT")
        with as_unavailable(), self._reader(engine, expire_on_commit=False, autoflush=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction: commits when the block ends well, rolls back when it raises. Does not nest. Raises `UnavailableError`."""
        if getattr(self._writing, "on", False):
            raise RuntimeError("write() inside write(): pass the session on instead")
        self._writing.on = True
        try:
            engine = self.engine.execution_options(machi_write=True, machi_until=deadline())
            with self.write_queue, Session(engine, expire_on_commit=False) as session:
                yield from self._transaction(session)
        finally:
            self._writing.on = False

    def _transaction(self, session: Session) -> Iterator[Session]:
        """Like `session.begin()`, but knows whether a failure came before the commit was asked for."""
        asked = False
        try:
            with session.begin():
                yield session
                session.flush()
                asked = True
        except UnavailableError:
            raise
        except Exception as error:
            if is_unavailable(error):
                # SQLite's commit fails as a whole; PostgreSQL's may have been heard although its answer was not.
                raise UnavailableError(nothing_done=self.sqlite or not asked) from error
            raise

    def close(self) -> None:
        self.engine.dispose()
        if isinstance(self.write_queue, WriteQueue):
            self.write_queue.close()


def add_row(session: Session, table: type[Base], values: dict[str, Any]) -> None:
    """Insert a row now, past the unit of work: a third of the CPU of `session.add` and its flush, for what every sign-in writes."""
    session.connection().execute(_insert(table), values)


@cache
def _insert(table: type[Base]) -> Insert:
    return insert(table.__table__).inline()  # type: ignore[arg-type]


def insert_if_absent(session: Session, table: type[Base], keys: list[str], values: dict[str, Any]) -> None:
    """Insert a row unless there is one with these `keys`, which must be unique: two requests at once make one row, and none fails."""
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    session.execute(insert(table).values(values).on_conflict_do_nothing(index_elements=keys))


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    prepare_sqlite(connection)


def prepare_sqlite(connection: sqlite3.Connection) -> None:
    """The pragmas every connection of ours has; transactions are begun by us, not by the driver."""
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(busy_timeout(write_queue.PATIENCE))


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("machi_write"):
        begin_immediate(cast(sqlite3.Connection, connection.connection.driver_connection), options.get("machi_until"))
    else:
        connection.exec_driver_sql("BEGIN")
