"""SQLite's file is locked by somebody else: writers give up together, each counted from when it came, and the caller reads 503."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator

import pytest

from idp.foundation import write_queue
from idp.foundation.database import Database
from idp.foundation.unavailable import UnavailableError
from idp.oidc.storage.group_commit import GroupCommit
from idp.oidc.tokens.model import RevokedToken
from tests.support.browser import callback
from tests.support.town import Town
from tests.support.waiting import until

CROWD = 15  # as many connections as a pool has


@pytest.fixture
def held(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a database that somebody else writes to, for ever."""
    monkeypatch.setattr(write_queue, "PATIENCE", 2.0)
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    yield sqlite_url
    other.close()


def all_give_up(write: Callable[[], object], crowd: int = CROWD) -> list[type[BaseException]]:
    """What each of a crowd of writers ran into; fails if they take half as long as they would one after another."""
    found: list[type[BaseException]] = []

    def work() -> None:
        try:
            write()
        except BaseException as error:
            found.append(type(error))

    threads = [threading.Thread(target=work, daemon=True) for _ in range(crowd)]
    for thread in threads:
        thread.start()
    until(lambda: len(found) == crowd, seconds=max(10.0, crowd * write_queue.PATIENCE / 2))
    return found


def test_writers_do_not_wait_one_after_another(held: str) -> None:
    database = Database(held)

    def write() -> None:
        with database.write() as session:
            session.add(RevokedToken(jti="x", expires_at=None))  # never gets there
            session.flush()

    assert all_give_up(write) == [UnavailableError] * CROWD
    database.close()


def test_nor_do_processes(held: str) -> None:
    processes = [Database(held) for _ in range(CROWD)]  # each has a queue of its own to the file's one turn
    waiting = list(processes)

    def write() -> None:
        with waiting.pop().write() as session:
            session.connection()

    assert all_give_up(write) == [UnavailableError] * CROWD
    for process in processes:
        process.close()


def test_nor_those_who_share_commits(held: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("idp.oidc.storage.group_commit.MAX_TOGETHER", 1)
    database = Database(held)
    commits = GroupCommit(database.write_queue)
    raw = [database.engine.raw_connection().driver_connection for _ in range(CROWD)]
    assert (
        all_give_up(lambda: commits.write(raw.pop(), lambda c: c.execute("SELECT 1")))
        == [sqlite3.OperationalError] * CROWD
    )


def test_a_turn_that_never_comes_is_given_up(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_queue, "PATIENCE", 0.3)
    database = Database(sqlite_url)
    with database.write_queue:
        assert all_give_up(lambda: database.write().__enter__(), 2) == [UnavailableError] * 2
    with database.write() as session:  # and the queue is whole
        session.connection()
    database.close()


def test_what_callers_read(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Town(sqlite_url) as town:
        browser, app = town.signed_in(), town.register()
        browser.tokens(app)
        code = callback(browser.authorize(app))["code"]
    monkeypatch.setattr(write_queue, "PATIENCE", 0.3)  # for connections made from here on
    with Town(sqlite_url) as town:
        app.town = town
        other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        answer = app.redeem(code)
        assert (answer.status_code, answer.json["error"]) == (503, "temporarily_unavailable")
        assert answer.headers["Retry-After"] == "5"
        page = town.browser().get("/signin")
        assert page.status_code == 503
        assert page.headers["Retry-After"] == "5"
        other.execute("ROLLBACK")
        other.close()
        assert app.redeem(code).status_code == 200  # nothing was done
