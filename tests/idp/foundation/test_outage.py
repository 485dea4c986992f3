"""Which failures mean that the database is away for now, each provoked on a real one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from idp.foundation.database import Database
from idp.foundation.outage import is_unavailable
from idp.foundation.unavailable import UnavailableError
from idp.oidc.storage.prepared import ConnectionPool, Statement

INSERT = "INSERT INTO revoked_token (jti, expires_at) VALUES ('x', 0)"


def failure(act: Callable[[], object]) -> BaseException:
    """What `act` raises."""
    with pytest.raises(Exception) as caught:
        act()
    return caught.value


def write(database: Database, statement: str = INSERT) -> None:
    with database.write() as session:
        session.execute(text(statement))


@pytest.fixture
def sqlite(sqlite_url: str) -> Database:
    return Database(sqlite_url)


@pytest.fixture
def postgresql(postgresql_url: str) -> Database:
    return Database(postgresql_url)


def test_sqlite_that_may_not_be_written(sqlite: Database) -> None:
    with sqlite.write() as session:
        session.execute(text("PRAGMA query_only=ON"))
    error = failure(lambda: write(sqlite))
    assert isinstance(error, UnavailableError)
    assert error.nothing_done
    assert is_unavailable(error)
    assert isinstance(error.__cause__, sqlite3.OperationalError)
    assert is_unavailable(error.__cause__)


def test_sqlite_that_is_full(sqlite: Database) -> None:
    with sqlite.write() as session:
        pages = session.execute(text("PRAGMA page_count")).scalar()
        session.execute(text(f"PRAGMA max_page_count={pages}"))
    fill = "INSERT INTO authorization_code (code_digest, sealed, expires_at) VALUES ('x', zeroblob(1000000), 0)"
    assert is_unavailable(failure(lambda: write(sqlite, fill)))


def test_sqlite_that_somebody_holds(sqlite: Database) -> None:
    other = sqlite3.connect(str(sqlite.url.database), isolation_level=None)
    with sqlite.read() as session:
        session.execute(text("PRAGMA busy_timeout=1"))
    other.execute("BEGIN IMMEDIATE")
    assert is_unavailable(failure(lambda: write(sqlite)))
    other.close()


def test_sqlite_whose_folder_is_gone(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/gone/machi.db")
    for left in (tmp_path / "gone").iterdir():
        left.unlink()
    (tmp_path / "gone").rmdir()
    assert is_unavailable(failure(lambda: sqlite3.connect(str(database.url.database)).execute("SELECT 1")))


@pytest.mark.servers
def test_postgresql_that_became_a_standby(postgresql: Database) -> None:
    def written() -> None:
        with postgresql.write() as session:
            session.execute(text("SET TRANSACTION READ ONLY"))
            session.execute(text(INSERT))

    assert is_unavailable(failure(written))


@pytest.mark.servers
def test_postgresql_that_ends_our_connection(postgresql: Database) -> None:
    def ended() -> None:
        with postgresql.read() as session:
            session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    assert is_unavailable(failure(ended))


@pytest.mark.servers
def test_postgresql_that_is_not_there(tmp_path: Path) -> None:
    away = Database(f"postgresql://nobody@/nothing?host={tmp_path}")
    assert is_unavailable(failure(lambda: write(away)))


@pytest.mark.servers
def test_the_lower_layer_says_the_same(postgresql_url: str) -> None:
    """`psycopg.pq`, which the hot path uses, has errors of the driver and no SQLAlchemy around them."""
    lines = ConnectionPool(postgresql_url, 1)
    ended = Statement("ended", "SELECT pg_terminate_backend(pg_backend_pid())::text")
    assert is_unavailable(failure(lambda: lines.row(ended, {})))
    standby = Statement("standby", "INSERT INTO revoked_token (jti, expires_at) VALUES (%(jti)s, 0) RETURNING jti")
    with lines._connection() as line:
        line._connection.execute("SET default_transaction_read_only = on")
    assert is_unavailable(failure(lambda: lines.row(standby, {"jti": "x"})))
    lines.close()


def test_no_connection_that_is_free(sqlite_url: str) -> None:
    database = Database(sqlite_url, pool_size=1)
    database.engine.pool._timeout = 0.01  # type: ignore[attr-defined]
    with ExitStack() as held:
        error = failure(lambda: [held.enter_context(database.engine.connect()) for _ in range(100)])
    assert isinstance(error, NoConnectionFree)
    assert is_unavailable(error)
    database.close()


@pytest.mark.parametrize("state", ["57P01", "57P02", "57P03", "57P04", "57P05", "25006", "08006", "53300", "53100"])
def test_states_of_postgresql(state: str) -> None:
    assert is_unavailable(psycopg.errors.lookup(state)("x"))


def test_what_was_raised_from_it(sqlite: Database) -> None:
    error = RuntimeError("the login was not found")
    error.__cause__ = psycopg.errors.ReadOnlySqlTransaction("x")
    assert is_unavailable(error)


def test_what_is_our_own_fault(database_url: str) -> None:
    """A 503 would be tried again for ever."""
    database = Database(database_url)
    write(database)
    twice = failure(lambda: write(database))
    assert isinstance(twice, IntegrityError)
    wrong = failure(lambda: write(database, "INSERT INTO nothing VALUES (1)"))
    for error in (twice, wrong, ValueError("x"), None, psycopg.errors.UniqueViolation("x"), psycopg.DataError("x")):
        assert not is_unavailable(error)
    database.close()
