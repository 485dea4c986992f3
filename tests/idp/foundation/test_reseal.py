"""`machi keys reseal`: everything stored is sealed anew while the town lives; killed, it goes on where it was."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Column, LargeBinary, func, insert, literal, select, text

from idp.foundation.database import Database, Instant
from idp.foundation.key_ring import sealed_columns
from idp.foundation.reseal import reseal
from idp.foundation.settings import DEMO_SECRET
from idp.foundation.vault import Vault
from idp.residents.model import Resident
from idp.residents.read import resolve_local_number
from tests.support.people import LOCAL_NUMBERS
from tests.support.server import ROOT, environment
from tests.support.town import Town

NEW = base64.urlsafe_b64encode(os.urandom(32)).decode()


def made_up(column: Column[Any], n: int) -> Any:
    """A value for a column that nobody will read."""
    kind = column.type.python_type
    if kind is str:
        return f"{n:0{min(26, getattr(column.type, 'length', None) or 26)}}"
    if isinstance(column.type, Instant):
        return datetime(2026, 4, 1, tzinfo=UTC)
    return {bytes: b"%d" % n, bool: True, date: date(2026, 4, 1)}.get(kind, n)


def fill(town: Town, column: Column[Any], rows: int = 3) -> None:
    """Rows with something sealed in this column, without the people and apps they would belong to."""
    database = town.parts.database
    off = "PRAGMA foreign_keys=OFF" if database.sqlite else "SET session_replication_role = replica"
    with database.engine.connect() as connection:
        connection.exec_driver_sql(off)
        connection.commit()
        for n in range(1, rows + 1):
            row = {c.name: made_up(c, n) for c in column.table.columns if not c.nullable}
            row[column.name] = town.parts.vault.encrypt(b"secret", column.info["sealed"].format(**row))
            connection.execute(insert(column.table).values(row))
        connection.commit()
        connection.invalidate()


def under(database: Database, key: str) -> dict[str, int]:
    """How many values of each column are sealed under this key."""
    with database.read() as session:
        return {
            str(c): session.scalar(
                select(func.count()).select_from(c.table).where(func.substr(c, 1, 4) == literal(Vault(key).key_id, LargeBinary))
            ) or 0
            for c in sealed_columns()
        }  # fmt: skip


def test_everything_declared_is_sealed_anew_and_opens(any_town: Town) -> None:
    any_town.import_people()
    before = under(any_town.parts.database, DEMO_SECRET)
    for column in sealed_columns():
        if not before[str(column)]:
            fill(any_town, column)
    before = under(any_town.parts.database, DEMO_SECRET)
    assert all(before.values())
    url = any_town.settings.database_url
    with Town(url, secret_key=NEW, old_secret_keys=(DEMO_SECRET,)) as town:
        report = reseal(town.parts.database, town.parts.vault, lambda *_: None, batch=2)
    assert (report.resealed, report.complete) == (sum(before.values()), True)
    assert not any(under(any_town.parts.database, DEMO_SECRET).values())
    new = Vault(NEW)
    with any_town.parts.database.read() as session:
        for column in sealed_columns():
            for row in session.execute(select(*column.table.columns)).all():
                if (value := getattr(row, column.name)) is not None:
                    new.decrypt(value, column.info["sealed"].format(**row._mapping))


def test_what_no_key_opens_is_said_and_nothing_may_go(town: Town) -> None:
    town.import_people("hanako", "taro")
    (row, _) = town.rows(Resident)
    town.change(text("UPDATE resident SET attributes = x'00' WHERE resident_id = :id").bindparams(id=row.resident_id))
    result = town.app.test_cli_runner().invoke(args=["machi", "keys", "reseal", "--json"])
    assert result.exit_code == 1
    facts = json.loads(result.stdout.splitlines()[-1])
    assert (facts["complete"], facts["unreadable"], facts["left"]) == (False, {"resident.attributes": 1}, 0)


def resealing(url: str, *words: str) -> subprocess.Popen[str]:
    settings = {"secret_key": NEW, "old_secret_keys": DEMO_SECRET, "database_url": url}
    command = [sys.executable, "-u", "-m", "machi_id", "keys", "reseal", *words]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment("http://localhost:8000", **settings), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.servers
@pytest.mark.timeout(240)
def test_killed_it_goes_on_and_the_town_lives_all_the_while(any_town: Town) -> None:
    """The town knows both keys from before; afterwards the former one is not needed for anything that was given out."""
    url = any_town.settings.database_url
    any_town.import_people()
    lines = [f"00000{n:05},見本 {n},ミホン,1989-04-12,2,見本県みほん市中央一丁目2番3号" for n in range(50000, 50150)]
    from idp.residents.import_register import import_register

    head = "local_number,name,kana,birth_date,sex,address"
    import_register(any_town.parts.database, any_town.parts.vault, [head, *lines])
    with Town(url, old_secret_keys=(NEW,)) as living:
        app, browser = living.register(), living.signed_in()
        refresh = browser.tokens(app)["refresh_token"]
        csrf = browser.csrf

        first = resealing(url, "--batch", "1")
        assert first.stderr is not None
        seen = [first.stderr.readline() for _ in range(40)]
        first.send_signal(signal.SIGKILL)
        first.wait()
        assert any(line.startswith(("resident.", "registry_link.")) for line in seen), seen
        partly = under(living.parts.database, DEMO_SECRET)
        assert partly["key_ring.sealed"] == 0
        assert sum(partly.values()) > 0
        refresh = app.refresh(refresh).json["refresh_token"]

        second = resealing(url, "--json")
        while second.poll() is None:
            refresh = app.refresh(refresh).json["refresh_token"]
            assert living.signed_in("taro").sign_on(app)["code"]
        out, progress = second.communicate()
        assert second.returncode == 0, progress
        facts = json.loads(out)
        assert facts["complete"]
        assert 0 < facts["resealed"] <= sum(partly.values()) + 10  # what the first did was not done again
        assert " of " in progress
    assert not any(under(any_town.parts.database, DEMO_SECRET).values())
    with Town(url, secret_key=NEW) as after:  # the former key is gone
        app.town = after
        assert app.refresh(refresh).status_code == 200
        browser.town = after
        assert browser.csrf == csrf
        with after.parts.database.read() as session:
            assert resolve_local_number(session, after.parts.vault, LOCAL_NUMBERS["taro"]) is not None
            assert resolve_local_number(session, after.parts.vault, "0000050149") is not None
        assert after.import_people().added == 0
        assert after.signed_in("taro").tokens(app)["access_token"]
