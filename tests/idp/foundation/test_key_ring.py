"""A key that is not the database's is noticed by everything that starts, and what hangs on the ring outlives a change of key."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, delete, select

import idp.tables
import mypage.install
from idp.foundation.database import Base, Database
from idp.foundation.key_ring import KeyRing, check_key, ensure_ring, open_vault, sealed_columns
from idp.foundation.settings import DEMO_SECRET, Settings, SettingsError
from idp.foundation.vault import Vault, VaultError
from idp.oidc.jose.model import SigningKey
from idp.residents.model import Resident
from idp.residents.read import resolve_local_number
from machi_id import wsgi
from tests.support.people import LOCAL_NUMBERS, register_lines
from tests.support.server import ROOT, environment
from tests.support.town import Town

assert idp.tables
assert mypage

OTHER = base64.urlsafe_b64encode(os.urandom(32)).decode()
NOT_SEALED = {
    "passkey.webauthn_id", "passkey.public_key", "passkey_user.user_handle", "challenge.nonce",
    "staff.user_handle", "staff_passkey.webauthn_id", "staff_passkey.public_key",
    "client_logo.body",
    "authorization_code.sealed",  # by a key of the ring, for a minute
}  # fmt: skip


def test_every_binary_column_says_whether_it_is_sealed() -> None:
    """Else `machi keys reseal` would pass over it, and the former key be thrown away too early."""
    binary = {
        str(column)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    declared = {str(column) for column in sealed_columns()}
    assert binary - declared == NOT_SEALED
    assert declared == {name for name in binary if name.split(".")[1].endswith("sealed")} - NOT_SEALED | {
        "resident.attributes"
    }


def settings_of(url: str, key: str, *old: str) -> Settings:
    return Settings(demo=True, database_url=url, secret_key=key, old_secret_keys=old)


def test_the_application_does_not_start(database_url: str) -> None:
    with pytest.raises(SettingsError, match="MACHI_SECRET_KEY is not the key of this database"):
        wsgi.create_app(settings_of(database_url, OTHER), worker=False)
    wsgi.create_app(settings_of(database_url, OTHER, DEMO_SECRET), worker=False).extensions["machi"].close()


@pytest.mark.parametrize(
    "words",
    [
        ("init",), ("migrate",), ("worker",), ("keys", "rotate"), ("keys", "reseal"), ("residents", "import", __file__),
        ("clients", "list"), ("staff", "list"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_no_command_begins(town: Town, words: tuple[str, ...]) -> None:
    app = wsgi.create_app(settings_of(town.settings.database_url, OTHER), worker=False, commands=True)
    before = town.count(SigningKey), town.count(Resident)
    result = app.test_cli_runner().invoke(args=["machi", *words])
    assert result.exit_code == 1
    assert result.stderr.startswith("machi: MACHI_SECRET_KEY is not the key of this database")
    assert len(result.stderr.splitlines()) == 1
    assert (town.count(SigningKey), town.count(Resident)) == before
    app.extensions["machi"].close()


@pytest.mark.parametrize("command", [["-m", "machi_id", "init"], ["-c", "from machi_id import wsgi; wsgi.app"]])
def test_processes_of_their_own_say_one_line(sqlite_url: str, command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        env=environment("http://localhost:1", secret_key=OTHER, database_url=sqlite_url),
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("machi: MACHI_SECRET_KEY is not the key of this database")
    assert len((done.stdout + done.stderr).splitlines()) == 1


def test_a_command_needs_no_key_to_make_one(town: Town) -> None:
    app = wsgi.create_app(settings_of(town.settings.database_url, OTHER), worker=False, commands=True)
    assert app.test_cli_runner().invoke(args=["machi", "secret"]).exit_code == 0
    app.extensions["machi"].close()


def test_a_database_of_before_there_were_rings(any_town: Town) -> None:
    """Its keyed hashes were made from the operator's key: they are found again, and a wrong key is refused there, too."""
    url = any_town.settings.database_url
    any_town.change(delete(KeyRing))
    old = Vault(DEMO_SECRET)  # as it was
    from idp.residents.import_register import import_register

    import_register(any_town.parts.database, old, register_lines("hanako"))
    with pytest.raises(SettingsError, match="is not the key"):
        check_key(any_town.parts.database, open_vault(settings_of(url, OTHER), any_town.parts.database))
    with pytest.raises(SettingsError, match="machi init"):
        wsgi.create_app(settings_of(url, DEMO_SECRET), worker=False)
    vault = open_vault(settings_of(url, DEMO_SECRET), any_town.parts.database)
    for _ in range(2):
        with any_town.writing() as session:
            ensure_ring(session, vault)
    with Town(url) as town, town.parts.database.read() as session:
        assert resolve_local_number(session, town.parts.vault, LOCAL_NUMBERS["hanako"]) is not None
        assert town.parts.vault.index("card", "x") == old.index("card", "x")
        assert town.parts.vault.sign("csrf", "x") != old.sign("csrf", "x")  # nothing of it is stored


def test_a_new_databases_ring_is_not_made_from_the_key(tmp_path: Path) -> None:
    found = []
    for n in range(2):
        database = Database(f"sqlite:///{tmp_path}/{n}.db")
        Base.metadata.create_all(database.engine)
        vault = open_vault(settings_of(str(database.url), DEMO_SECRET), database)
        with pytest.raises(VaultError, match="machi init"):
            vault.index("card", "x")
        with database.write() as session:
            ensure_ring(session, vault)
        found.append(vault.index("card", "x"))
        database.close()
    assert len({*found, Vault(DEMO_SECRET).index("card", "x")}) == 3


def test_a_database_that_is_away_does_not_keep_it_from_starting(tmp_path: Path) -> None:
    """It may come back; the ring is looked at when it is first needed."""
    away = settings_of(f"postgresql://nobody@/nothing?host={tmp_path}", DEMO_SECRET)
    wsgi.create_app(away, worker=False).extensions["machi"].close()
    app = wsgi.create_app(away, worker=False, commands=True)
    result = app.test_cli_runner().invoke(args=["machi", "clients", "list"])
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert "the database is not available" in result.stderr
    app.extensions["machi"].close()


def test_nobody_seals_under_the_new_key_before_the_ring_does(town: Town) -> None:
    """Processes that know only the former one are still running."""
    database = town.parts.database
    vault = open_vault(settings_of(town.settings.database_url, OTHER, DEMO_SECRET), database)
    assert town.parts.vault.decrypt(vault.encrypt(b"x", "place"), "place") == b"x"
    with database.write() as session:
        row = session.scalars(select(KeyRing)).one()
        row.sealed = vault.seal_anew(row.sealed, "key-ring")
    vault.forget_ring()
    with pytest.raises(VaultError):
        town.parts.vault.decrypt(vault.encrypt(b"x", "place"), "place")
