"""Models and migrations agree, on both databases; the chain is one line."""

from __future__ import annotations

from pathlib import Path

import psycopg
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import idp.tables
import mypage.install
from idp.foundation.database import Base, Database
from idp.foundation.schema import alembic_config, known
from tests.support import databases

assert idp.tables
assert mypage


def differences(url: str) -> list[object]:
    """What autogenerate would still write after all migrations."""
    command.upgrade(alembic_config(url), "head")
    database = Database(url)
    try:
        with database.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            return list(compare_metadata(context, Base.metadata))
    finally:
        database.close()


def test_on_sqlite(tmp_path: Path) -> None:
    assert differences(f"sqlite:///{tmp_path}/new.db") == []


def test_on_postgresql(postgresql_server: str) -> None:
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS migrated")
        connection.execute("CREATE DATABASE migrated")
        try:
            assert differences(databases.in_server(postgresql_server, "migrated")) == []
        finally:
            connection.execute("DROP DATABASE migrated WITH (FORCE)")


def test_one_line_of_revisions(tmp_path: Path) -> None:
    script = ScriptDirectory.from_config(alembic_config(f"sqlite:///{tmp_path}/x.db"))
    assert len(script.get_heads()) == 1
    assert len(script.get_bases()) == 1
    everything = frozenset(revision.revision for revision in script.walk_revisions())
    assert known() == (frozenset(script.get_heads()), everything), "as processes that serve read them off the files"
