"""Statements through psycopg's lower layer: values arrive as they were, errors as psycopg's, and a server that restarts is survived."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.oidc.storage.prepared import ConnectionPool, Statement
from tests.support.databases import end_connections
from tests.support.town import Town

pytestmark = pytest.mark.servers

ECHO = Statement(
    "echo",
    "SELECT %(text)s::text, %(number)s::bigint, %(raw)s::bytea, "
    "(CASE WHEN %(truth)s::boolean THEN 1 ELSE 0 END)::int4, %(text)s::varchar",
)
PID = Statement("pid", "SELECT pg_backend_pid()")
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)


@pytest.fixture(scope="module")
def conninfo(postgresql_server: str) -> str:
    return postgresql_server


@pytest.fixture(scope="module")
def lines(conninfo: str) -> Iterator[ConnectionPool]:
    lines = ConnectionPool(conninfo, 4)
    yield lines
    lines.close()


@given(
    text=st.none() | TEXTS,
    number=st.none() | st.integers(-(2**63), 2**63 - 1),
    raw=st.none() | st.binary(max_size=60),
    truth=st.booleans(),
)
def test_values_come_back_as_they_went(
    lines: ConnectionPool, text: str | None, number: int | None, raw: bytes | None, truth: bool
) -> None:
    row = lines.row(ECHO, {"text": text, "number": number, "raw": raw, "truth": truth})
    assert row == (text, number, raw, int(truth), text)


def test_no_row_is_none(lines: ConnectionPool) -> None:
    assert lines.row(Statement("nothing", "SELECT 1 WHERE false"), {}) is None


def test_a_text_with_nul_is_refused_and_not_cut_short(lines: ConnectionPool) -> None:
    with pytest.raises(psycopg.DataError):
        lines.row(ECHO, {"text": "a\0b", "number": 1, "raw": b"", "truth": True})


def test_an_error_is_psycopgs_and_the_connection_goes_on(lines: ConnectionPool) -> None:
    divide = Statement("divide", "SELECT 1 / %(by)s::bigint")
    before = lines.row(PID, {})
    with pytest.raises(psycopg.errors.DivisionByZero):
        lines.row(divide, {"by": 0})
    with pytest.raises(psycopg.errors.UndefinedTable):
        lines.row(Statement("wrong", "SELECT 1 FROM no_such_table"), {})
    assert lines.row(divide, {"by": 1}) == (1,)
    assert lines.row(PID, {}) == before


def test_so_many_connections_at_most(conninfo: str) -> None:
    few = ConnectionPool(conninfo, 2)
    slow = Statement("slow", "SELECT pg_backend_pid() FROM pg_sleep(0.05)")
    seen: set[object] = set()
    threads = [threading.Thread(target=lambda: seen.add(few.row(slow, {}))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    few.close()
    assert 1 <= len(seen) <= 2


def test_a_server_that_went_away_costs_nothing(postgresql_url: str) -> None:
    with Town(postgresql_url) as town:
        browser, app = town.signed_in(), town.register()
        token = browser.tokens(app)["access_token"]
        end_connections(postgresql_url)
        assert [app.userinfo(token).status_code for _ in range(4)] == [200] * 4
