"""The database: transactions that commit or leave nothing, times that keep their zone, writers that queue."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import Session

from idp.audit import AuditEventType, record
from idp.audit.record import AuditEvent
from idp.foundation.database import Database, from_ms, to_ms
from idp.oidc.tokens.model import RevokedToken


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


def count(database: Database) -> int:
    with database.read() as session:
        return len(session.scalars(select(RevokedToken.jti)).all())


def row(jti: str, at: datetime | None = None) -> RevokedToken:
    return RevokedToken(jti=jti, expires_at=at or datetime.now(UTC))


def write_and_fail(session: Session) -> None:
    session.add(row("lost"))
    session.flush()
    _ = 1 // 0


def test_a_transaction_commits_or_leaves_nothing(database: Database) -> None:
    with database.write() as session:
        session.add(row("kept"))
    with pytest.raises(ZeroDivisionError), database.write() as session:
        write_and_fail(session)
    assert count(database) == 1
    with pytest.raises(IntegrityError), database.write() as session:
        session.add(row("kept"))
    with database.write() as session:  # and the writer's turn was given back
        session.add(row("after"))
    assert count(database) == 2


def test_reading_writes_nothing(database: Database) -> None:
    with database.read() as session:
        session.add(row("forgotten"))
    assert count(database) == 0


def test_writing_does_not_nest(database: Database) -> None:
    with database.write(), pytest.raises(RuntimeError, match="pass the session on"), database.write():
        pass
    with database.write() as session:
        session.add(row("x"))


def test_times_come_back_in_utc(database: Database) -> None:
    jst = timezone(timedelta(hours=9))
    at = datetime(2026, 4, 1, 9, 30, 15, 123000, tzinfo=jst)
    with database.write() as session:
        session.add(row("x", at))
    with database.read() as session:
        found = session.scalars(select(RevokedToken.expires_at)).one()
    assert found == at
    assert found.utcoffset() == timedelta(0)
    assert from_ms(to_ms(at)) == at


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="zone"), database.write() as session:
        session.add(row("x", datetime(2026, 4, 1)))  # noqa: DTZ001 - that is the point


def test_many_writers_lose_nothing(database: Database) -> None:
    def work(name: int) -> None:
        for n in range(10):
            with database.write() as session:
                session.add(row(f"{name}-{n}"))

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(database) == 80


def test_sqlite_is_durable_and_checks_references(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.engine.connect() as connection:
        pragma = {
            n: connection.execute(text(f"PRAGMA {n}")).scalar() for n in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragma == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    database.close()


def test_another_process_holding_the_lock_is_waited_for(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    other = sqlite3.connect(str(database.url.database), isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.3, lambda: other.execute("COMMIT"))
    release.start()
    with database.write() as session:
        session.add(row("x"))
    release.join()
    assert count(database) == 1
    other.close()
    database.close()


def test_the_record_refuses_facts_that_are_not_in_the_catalogue(database: Database) -> None:
    with pytest.raises(ValueError, match="may not carry"), database.write() as session:
        record(session, AuditEventType.SIGNED_IN, name="somebody")
    with database.write() as session:
        record(session, AuditEventType.SIGNED_IN, login="x", method="card", aal=2)
    with database.read() as session:
        assert session.scalars(select(AuditEvent)).one().facts == '{"aal":2,"login":"x","method":"card"}'
