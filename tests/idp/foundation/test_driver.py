"""Statements below a session: the same on both databases, in its transaction."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from idp.credentials.model import Challenge
from idp.foundation import clock
from idp.foundation.database import Database
from idp.foundation.driver import Columns, Find, find_all, read_bytes, write_all
from idp.foundation.outbox import ENQUEUE, OutboxRow, job
from idp.oidc.tokens.model import RevokedToken
from idp.residents.model import RegistryLink, Resident
from tests.support.statements import Counter

NASTY = [
    "plain",
    'a "quoted" one',
    "back\\slash",
    "{brace,comma}",
    "NULL",
    "",
    "' OR 1=1 --",
    "改行\nです",
    "$1 :name %s",
]
OUTBOX = Columns(OutboxRow.__table__)  # type: ignore[arg-type]
OF_TOPICS = OUTBOX.find("topic among:topics")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


def test_texts_arrive_and_return_as_they_were(database: Database) -> None:
    at = clock.now().replace(microsecond=7000) + timedelta(days=1)
    rows = [job(name, {"said": name}, at) for name in NASTY]
    with database.write() as session:
        write_all(session, [(ENQUEUE, rows)])
    with database.read() as session:
        (found,) = find_all(session, [(OF_TOPICS, {"topics": NASTY})])
        (none,) = find_all(session, [(OF_TOPICS, {"topics": []})])
    assert none == []
    assert {row["topic"] for row in found} == set(NASTY)
    assert {row["due_at"] for row in found} == {at}
    assert {(row["gave_up"], row["leased_until"]) for row in found} == {(False, None)}
    assert [row["payload"] for row in sorted(found, key=lambda r: r["id"])] == [row["payload"] for row in rows]


@pytest.mark.parametrize("raw", [b"", b"\0\xff\\x", bytes(range(256))], ids=["empty", "nasty", "all"])
def test_bytes_arrive_and_return_as_they_were(database: Database, raw: bytes) -> None:
    columns = Columns(Challenge.__table__)  # type: ignore[arg-type]
    row = dict.fromkeys(columns.names) | {"challenge_id": "c", "purpose": "p", "browser_digest": "b"}
    row |= {"nonce": raw, "expires_at": clock.now().replace(microsecond=0)}
    with database.write() as session:
        write_all(session, [(columns.insert, [row])])
    alone = Find(("nonce",), "FROM challenge WHERE nonce = :raw")
    with database.read() as session:
        (found,), (((itself,),)) = find_all(
            session, [(columns.find("nonce = :raw"), {"raw": raw}), (alone, {"raw": raw})]
        )
    assert found == row
    assert read_bytes(itself) == raw


@pytest.mark.servers
def test_looking_alone_begins_no_transaction(counter: Counter, postgresql_url: str) -> None:
    database = Database(postgresql_url)
    with database.read() as session:
        find_all(session, [(OF_TOPICS, {"topics": ["a"]})])
        _, statements = counter.of(lambda: find_all(session, [(OF_TOPICS, {"topics": ["a"]})]))
    database.close()
    assert statements == ["EXECUTE"]


def test_questions_are_answered_each_for_itself(database: Database) -> None:
    with database.write() as session:
        write_all(session, [(ENQUEUE, [job("a", {}), job("b", {})])])
        both = Find(("topic",), "FROM outbox WHERE topic = :name OR topic among:names")
        answers = find_all(session, [(both, {"name": "a", "names": ["b"]}), (both, {"name": "x", "names": ["a", "y"]})])
    assert [sorted(topic for (topic,) in rows) for rows in answers] == [["a", "b"], ["a"]]


def test_what_is_changed_is_only_what_was_named(database: Database) -> None:
    with database.write() as session:
        write_all(session, [(ENQUEUE, [job("a", {"n": 1}), job("b", {"n": 2})])])
    with database.write() as session:
        (rows,) = find_all(session, [(OF_TOPICS, {"topics": ["a", "b"]})])
        first = min(rows, key=lambda r: r["topic"])
        write_all(session, [(OUTBOX.update(["attempts"]), [first | {"attempts": 5, "topic": "not this"}])])
        (after,) = find_all(session, [(OF_TOPICS, {"topics": ["a", "b"]})])
    assert sorted((row["topic"], row["attempts"]) for row in after) == [("a", 5), ("b", 0)]


def test_it_is_the_session_s_transaction(database: Database) -> None:
    def fails() -> None:
        with database.write() as session:
            session.execute(text("DELETE FROM outbox"))
            write_all(session, [(ENQUEUE, [job("a", {})])])
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    for _ in range(20):  # a rollback must not cost a connection what it has prepared
        with database.read() as session:
            (found,) = find_all(session, [(OF_TOPICS, {"topics": ["a"]})])
        assert found == []


def test_a_row_that_is_there_already_is_an_integrity_error_and_the_connection_goes_on(database: Database) -> None:
    columns = Columns(RevokedToken.__table__)  # type: ignore[arg-type]
    row = {"jti": "j", "expires_at": clock.now()}
    row |= {name: None for name in columns.names if name not in row}
    with database.write() as session:
        write_all(session, [(columns.insert, [row])])
    with pytest.raises(IntegrityError), database.write() as session:
        write_all(session, [(ENQUEUE, [job("a", {})]), (columns.insert, [row])])
    with database.read() as session:
        found, revoked = find_all(session, [(OF_TOPICS, {"topics": ["a"]}), (columns.find("jti = :jti"), {"jti": "j"})])
    assert (found, len(revoked)) == ([], 1)


def test_what_hangs_on_another_table_is_written_with_it(database: Database) -> None:
    residents = Columns(Resident.__table__, without=("attributes",))  # type: ignore[arg-type]
    links = Columns(RegistryLink.__table__, without=("local_sealed",))  # type: ignore[arg-type]
    assert "resident_id" in residents.names
    with pytest.raises(IntegrityError), database.write() as session:
        write_all(session, [(links.insert, [{"local_index": "i", "resident_id": "nobody"}])])
