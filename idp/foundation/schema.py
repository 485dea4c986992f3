"""The schema's migrations: bringing a database to the newest, one process at a time, and saying how it stands."""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from .database import Database

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection

_PACKAGE = Path(__file__).resolve().parents[1]
# In the wheel they lie in the provider's package (setup.py), in the source tree at its top.
MIGRATIONS = next(folder / "migrations" for folder in (_PACKAGE, _PACKAGE.parent) if (folder / "migrations").is_dir())
# A number of our own in PostgreSQL's space of advisory locks.
_ONE_AT_A_TIME = 0x6D616369
_LINK = re.compile(r'^(revision|down_revision) = "(.+)"$', re.MULTILINE)


def alembic_config(url: str) -> Config:
    """Alembic's configuration for this database."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["machi_url"] = url
    return config


def upgrade(url: str) -> None:
    """Bring this database to the newest schema."""
    from alembic import command

    command.upgrade(alembic_config(url), "head")


@contextmanager
def one_at_a_time(database: Database) -> Iterator[None]:
    """Held by who changes the schema or makes first rows; others wait. It ends with its process, however that ends."""
    if database.sqlite:
        held = os.open(f"{database.url.database}-init", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield
        finally:
            os.close(held)
        return
    # A transaction of its own, open as long as the lock is held: behind a pooler a session may be another's in the next transaction.
    # Between statements it has no snapshot, so that a migration which waits for those (CREATE INDEX CONCURRENTLY) does not wait for it.
    with database.engine.connect() as connection:
        while not _locked(connection):
            connection.rollback()
            # Asked again and again instead of waiting in the server: a statement that waits has a snapshot.
            time.sleep(0.2)
        try:
            yield
        finally:
            connection.rollback()


def _locked(connection: Connection) -> bool:
    connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    return bool(connection.scalar(text("SELECT pg_try_advisory_xact_lock(:number)"), {"number": _ONE_AT_A_TIME}))


@cache
def known() -> tuple[frozenset[str], frozenset[str]]:
    """The newest version, and all, that this source knows. Read off the files: Alembic executes each, in every process that serves,
    and stays there with 120 modules.
    """
    links = [dict(_LINK.findall(path.read_text("utf-8"))) for path in (MIGRATIONS / "versions").glob("*.py")]
    every = frozenset(link["revision"] for link in links)
    return every - {link.get("down_revision") for link in links}, every


def schema_state(database: Database) -> str:
    """`ok`, `missing` (an empty database), `old` (`machi init` is due), `newer` (another version of ours migrated it). Raises
    `UnavailableError`.
    """
    newest, every = known()
    with database.read() as session:
        if not inspect(session.connection()).has_table("alembic_version"):
            return "missing"
        found = frozenset(session.scalars(text("SELECT version_num FROM alembic_version")))
    if not found:
        return "missing"
    if not found <= every:
        return "newer"
    return "ok" if found == newest else "old"
