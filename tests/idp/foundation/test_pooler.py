"""Behind a pooler that gives each transaction another connection: with the setting all holds, without it doctor says so."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from idp.foundation.database import Database
from idp.foundation.pooler import sharing
from idp.foundation.schema import one_at_a_time
from tests.mypage.city import City
from tests.support.pooler import pooled
from tests.support.town import Town

pytestmark = pytest.mark.servers
# psycopg prepares by itself what it has sent five times.
OFTEN = 7


@pytest.fixture
def pooler_url(postgresql_url: str) -> Iterator[str]:
    with pooled(postgresql_url) as url:
        yield url


def found_by_doctor(town: Town) -> dict[str, Any]:
    done = town.app.test_cli_runner().invoke(args=["machi", "doctor", "--offline", "--json"])
    return {check["name"]: check for check in json.loads(done.output)["checks"]}


def test_signing_on_and_refreshing(pooler_url: str) -> None:
    with Town(pooler_url, database_pooled=True) as town:
        browser, app = town.signed_in(), town.register()
        for _ in range(OFTEN):
            tokens = browser.tokens(app, scope="openid profile offline_access")
            assert app.userinfo(tokens["access_token"]).json["name"] == "見本 花子"
            assert app.refresh(tokens["refresh_token"]).status_code == 200
            assert browser.get("/my/").status_code == 200
        assert found_by_doctor(town)["pooler"] | {"detail": ""} == {"name": "pooler", "state": "ok", "detail": ""}


def test_reporting(pooler_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MACHI_DATABASE_POOLED", "1")
    with City(pooler_url) as city:
        resident = city.resident()
        for n in range(OFTEN):
            assert city.statuses([city.notice(resident, f"N-{n}"), city.task(resident, f"T-{n}")]) == ["accepted"] * 2


def test_without_the_setting_doctor_says_what_is_wrong(pooler_url: str) -> None:
    with Town(pooler_url) as town:
        found = found_by_doctor(town)["pooler"]
        assert found["state"] == "FAIL"
        assert "MACHI_DATABASE_POOLED" in found["detail"]

        def works() -> None:
            for _ in range(OFTEN):
                town.register()
                town.resident()

        with pytest.raises(psycopg.errors.InvalidSqlStatementName):  # what was prepared is not there
            works()


def test_without_a_pooler_there_is_none(postgresql_url: str) -> None:
    database = Database(postgresql_url)
    try:
        assert sharing(database) == "none"
    finally:
        database.close()


def test_migrations_take_turns(pooler_url: str) -> None:
    databases = [Database(pooler_url, pooled=True) for _ in range(2)]
    entered, leave = threading.Event(), threading.Event()

    def second() -> None:
        with one_at_a_time(databases[1]):
            entered.set()

    waiting = threading.Thread(target=second)
    try:
        with one_at_a_time(databases[0]):
            waiting.start()
            for _ in range(OFTEN):  # the first goes on working in transactions of its own
                with databases[0].write() as session:
                    assert session.connection().exec_driver_sql("SELECT 1").scalar() == 1
            assert not entered.wait(1)
        waiting.join(20)
        assert entered.is_set()
    finally:
        leave.set()
        for database in databases:
            database.close()
