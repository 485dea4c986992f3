"""The silent sign-on path is one database round trip a request where the database allows it; held here, statement by statement."""

from __future__ import annotations

import os
import re
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import psycopg
import pytest
from werkzeug.test import TestResponse

from tests.support.browser import callback
from tests.support.town import Town

_SENT = re.compile(r"\tF\t\d+\t(Query|Execute)\b")


class Counter:
    """The statements that reached the database: SQLite's own trace, and what libpq puts on the wire."""

    def __init__(self, wire: BinaryIO) -> None:
        self.statements: list[str] = []
        self.wire = wire

    def of(self, call: Callable[[], TestResponse]) -> tuple[TestResponse, list[str]]:
        self.statements.clear()
        before = os.fstat(self.wire.fileno()).st_size
        answer = call()
        sent = os.pread(self.wire.fileno(), 1_000_000, before).decode()
        executed = [kind.upper() for kind in _SENT.findall(sent)]
        return answer, [s.split()[0].upper() for s in self.statements] + executed


@pytest.fixture
def counter(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter]:
    """Hooks below the product."""
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


def silent_sign_on(town: Town, counter: Counter) -> dict[str, list[str]]:
    """What each request of a sign-on sends, with a live login, standing consent and warm caches."""
    browser, app = town.signed_in(), town.register()
    warm = browser.tokens(app)
    app.userinfo(warm["access_token"])
    browser.client.get("/authorize", query_string=app.request())
    found = {}
    answer, found["authorize"] = counter.of(lambda: browser.client.get("/authorize", query_string=app.request()))
    code = callback(answer)["code"]
    answer, found["token"] = counter.of(lambda: app.redeem(code))
    body = answer.json
    answer, found["userinfo"] = counter.of(lambda: app.userinfo(body["access_token"]))
    assert answer.json["name"] == "見本 花子"
    answer, found["refresh"] = counter.of(lambda: app.refresh(body["refresh_token"]))
    assert answer.status_code == 200
    _, found["discovery"] = counter.of(lambda: browser.get("/.well-known/openid-configuration"))
    _, found["jwks"] = counter.of(lambda: browser.get("/jwks"))
    return found


@pytest.mark.servers
def test_on_postgresql_each_request_is_one_statement(counter: Counter, postgresql_url: str) -> None:
    with Town(postgresql_url) as town:
        found = silent_sign_on(town, counter)
    assert {name: len(statements) for name, statements in found.items()} == {
        "authorize": 1,
        "token": 1,
        "userinfo": 1,
        "refresh": 1,
        "discovery": 0,
        "jwks": 0,
    }


def test_on_sqlite_each_request_is_at_most_one_transaction(counter: Counter, sqlite_url: str) -> None:
    with Town(sqlite_url) as town:
        found = silent_sign_on(town, counter)
    assert found["authorize"] == found["userinfo"] == ["SELECT"]
    assert found["discovery"] == found["jwks"] == []
    assert len(without_transaction(found["token"])) <= 2
    assert len(without_transaction(found["refresh"])) <= 3


def without_transaction(statements: list[str]) -> list[str]:
    assert statements.count("BEGIN") <= 1
    return [s for s in statements if s not in ("BEGIN", "COMMIT")]
