"""Alive, ready, draining: what `/healthz` and `/readyz` say, and to whom nothing more."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections import namedtuple
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import delete, text, update

from idp.foundation import clock, readiness
from idp.foundation.key_ring import KeyRing
from idp.foundation.outbox import OutboxRow
from idp.foundation.readiness import DRAIN_MARK, OK, Readiness
from idp.foundation.schema import alembic_config
from idp.oidc.jose.model import SigningKey
from tests.support.databases import Restarted
from tests.support.redis_servers import RedisServer
from tests.support.server import ROOT, environment
from tests.support.town import Town
from tests.support.waiting import until

ALL_WELL = dict.fromkeys(("database", "schema", "key", "live", "outbox", "disk", "signing_keys"), "ok")


@pytest.fixture
def ready_town(town: Town, monkeypatch: pytest.MonkeyPatch) -> Town:
    """Its schema bears the mark of the migrations, and nothing found is remembered."""
    command.stamp(alembic_config(town.settings.database_url), "head")
    monkeypatch.setattr(readiness, "GOOD_FOR", 0.0)
    return town


def ready(town: Town) -> tuple[int, str, dict[str, str]]:
    answer = town.app.test_client().get("/readyz")
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.json
    return answer.status_code, body["status"], body["checks"]


def test_all_is_well(ready_town: Town) -> None:
    assert ready(ready_town) == (200, "ready", ALL_WELL)
    assert ready_town.app.test_client().get("/healthz").json == {"status": "ok"}


def test_an_empty_database_is_alive_and_not_ready(tmp_path: Path) -> None:
    with Town(f"sqlite:///{tmp_path}/empty.db") as town:
        status, word, checks = ready(town)
        assert (status, word, checks["schema"]) == (503, "not_ready", "missing")
        assert town.app.test_client().get("/healthz").status_code == 200


def test_a_schema_of_another_version(ready_town: Town) -> None:
    ready_town.change(text("UPDATE alembic_version SET version_num = '0001'"))
    assert ready(ready_town)[::2][1]["schema"] == "old"
    assert ready(ready_town)[0] == 503
    # While one version takes over from another, those of the former one serve on.
    ready_town.change(text("UPDATE alembic_version SET version_num = '9999'"))
    assert ready(ready_town)[:2] == (200, "degraded")


def test_keys_that_are_missing_or_do_not_open(ready_town: Town) -> None:
    ready_town.change(delete(SigningKey))
    ready_town.op.keys.forget()
    assert ready(ready_town)[::2] == (503, ALL_WELL | {"signing_keys": "missing"})


def test_a_ring_that_another_key_sealed(ready_town: Town) -> None:
    ready_town.change(update(KeyRing).values(sealed=b"another key's"))
    assert ready(ready_town)[::2] == (503, ALL_WELL | {"key": "wrong"})
    ready_town.change(delete(KeyRing))
    assert ready(ready_town)[2]["key"] != "ok"


def test_what_waits_too_long_is_said_and_serves(ready_town: Town) -> None:
    with ready_town.writing() as session:
        session.add(OutboxRow(topic="x", lane="x", payload="{}", due_at=clock.now() - timedelta(minutes=6)))
    assert ready(ready_town) == (200, "degraded", ALL_WELL | {"outbox": "late"})


@pytest.mark.parametrize(("free", "status", "word"), [(10, 503, "full"), (500, 200, "low")])
def test_a_disk_that_fills(
    ready_town: Town, monkeypatch: pytest.MonkeyPatch, free: int, status: int, word: str
) -> None:
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(readiness.shutil, "disk_usage", lambda _path: usage(free * readiness.MIB))
    assert ready(ready_town)[::2] == (status, ALL_WELL | {"disk": word})


def test_strangers_do_not_make_work(town: Town) -> None:
    looked: list[int] = []

    def look() -> readiness.State:
        looked.append(1)
        return OK

    readiness_of = Readiness({"x": look})
    for _ in range(50):
        readiness_of.report()
    assert len(looked) == 1


def test_a_loop_that_is_stuck_is_not_alive(ready_town: Town) -> None:
    ready_town.parts.worker._rounds[False] = -1e9
    answer = ready_town.app.test_client().get("/healthz")
    assert (answer.status_code, answer.json) == (503, {"status": "stuck"})


def test_draining(ready_town: Town, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(DRAIN_MARK, str(tmp_path / "mark"))
    one = Readiness({})
    assert one.report().status == "ready"
    (tmp_path / "mark").touch()
    assert one.report().status == "draining"
    ready_town.parts.readiness.drain()
    assert ready(ready_town) == (503, "draining", {})
    assert ready_town.app.test_client().get("/healthz").status_code == 200


@pytest.mark.servers
def test_a_database_that_is_away_or_a_standby(template: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "GOOD_FOR", 0.0)
    server = Restarted(template[1])
    try:
        with Town(server.url) as town:
            command.stamp(alembic_config(server.url), "head")
            assert ready(town)[:2] == (200, "ready")
            with town.parts.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("ALTER DATABASE machi_template SET default_transaction_read_only = on"))
            town.parts.database.engine.dispose()
            assert ready(town)[2]["database"] == "read_only"
            server.stop()
            status, _, checks = ready(town)
            assert (status, checks["database"], checks["schema"]) == (503, "away", "away")
            server.start()
            assert ready(town)[2]["schema"] == "ok"
    finally:
        server.close()


@pytest.mark.servers
def test_a_redis_that_is_away_is_said_and_serves(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "GOOD_FOR", 0.0)
    command.stamp(alembic_config(sqlite_url), "head")
    server = RedisServer(tmp_path).start()
    with Town(sqlite_url, server.url) as town:
        assert ready(town)[:2] == (200, "ready")
        server.stop()
        assert ready(town) == (200, "degraded", ALL_WELL | {"live": "away"})


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/new.db"
        return
    import psycopg

    from tests.support.databases import in_server

    server = request.getfixturevalue("postgresql_server")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE empty_one")
        yield in_server(server, "empty_one")
        connection.execute("DROP DATABASE empty_one WITH (FORCE)")


def test_two_that_initialise_at_once_take_turns(empty_url: str) -> None:
    machi = [sys.executable, "-m", "machi_id", "init", "--json"]
    env = environment("http://localhost:8000", database_url=empty_url)
    at_once = [
        subprocess.Popen(machi, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)
    ]
    said = []
    for process in at_once:
        out, err = process.communicate(timeout=100)
        assert process.returncode == 0, err.decode()
        said.append(json.loads(out))
    with Town(empty_url) as town:
        assert said == [{"initialised": True, "database": town.parts.database.place}] * 3
        assert ready(town)[:2] == (200, "ready")
        assert town.count(SigningKey) == 2
        assert town.count(OutboxRow) == 1


def test_nothing_of_the_machine_is_told(ready_town: Town) -> None:
    """No path, no address, no version, no text of an error."""
    ready_town.parts.readiness.add("x", lambda: sqlite3.connect("/nowhere/secret.db") and OK)
    answer = ready_town.app.test_client().get("/readyz")
    assert answer.json["checks"]["x"] in ("away", "failed")
    assert "secret" not in answer.text


@pytest.mark.servers
def test_the_delivery_loop_says_so_too(sqlite_url: str, redis_url: str, tmp_path: Path) -> None:
    import signal

    import requests

    from tests.support.server import free_port

    command.stamp(alembic_config(sqlite_url), "head")
    base = f"http://127.0.0.1:{free_port()}"
    env = environment("http://localhost:8000", database_url=sqlite_url, live_url=redis_url, worker="external")
    machi = [
        sys.executable,
        "-m",
        "machi_id",
        "worker",
        "--health",
        base.removeprefix("http://"),
    ]
    worker = subprocess.Popen(machi, cwd=ROOT, env=env, stderr=subprocess.PIPE)

    def says(path: str) -> int:
        try:
            return requests.get(base + path, timeout=5).status_code
        except requests.ConnectionError:
            return 0

    try:
        until(lambda: says("/readyz") == 200, 90)
        assert (says("/healthz"), says("/my/"), says("/token")) == (200, 404, 404)
    finally:
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0
