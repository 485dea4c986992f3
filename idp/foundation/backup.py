"""A copy of the whole database in one file, made while it is in use, and the way back.

SQLite: `VACUUM INTO`, one read transaction however much is written meanwhile (its `.backup` begins anew with every write of another
process, and does not end on a busy system). PostgreSQL: its own `pg_dump` and `pg_restore`.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import inspect, text

from .database import Base, Database
from .private_files import FILE
from .scrub import without_values

_HEADS = {b"SQLite format 3\0": True, b"PGDMP": False}
_NO_PROGRAMS = (
    "{0} is not on the PATH: install PostgreSQL's client programs (postgresql-client), of the server's version or newer"
)

Accept = Callable[[str | None, bytes | None], None]
"""`(revision of the schema, sealed key ring)` of a backup; raises `BackupError` for one that must not be restored here."""


class BackupError(Exception):
    """The text is one line fit for an operator."""


def back_up(database: Database, target: Path) -> None:
    """Write a backup to `target`, mode 0600; it is there when it is whole and was read again. Raises `BackupError`."""
    if target.exists():
        raise BackupError(f"{target} exists already")
    partial = target.with_name(f"{target.name}.partial")
    try:
        partial.unlink(missing_ok=True)
        file = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE)
    except OSError as error:
        raise BackupError(f"{partial} cannot be written: {error.strerror}") from None
    try:
        if database.sqlite:
            with closing(sqlite3.connect(str(database.url.database), isolation_level=None, timeout=60)) as connection:
                connection.execute("VACUUM INTO ?", (str(partial),))
        else:
            _run(database, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", output=file)
        _read_again(database.sqlite, partial)
        os.fsync(file)
        partial.rename(target)
    finally:
        os.close(file)
        partial.unlink(missing_ok=True)


def restore(database: Database, source: Path, accept: Accept, *, overwrite: bool) -> None:
    """Put what `back_up` wrote into the database, which must be empty or is emptied (`overwrite`). Nothing is touched before the file
    was read and `accept`ed. Raises `BackupError`.
    """
    if _kind(source) != database.sqlite:
        raise BackupError(f"{source} is of the other kind of database than MACHI_DATABASE_URL names")
    accept(*_read_again(database.sqlite, source))
    with database.engine.connect() as connection:
        tables = inspect(connection).get_table_names()
    if tables and not overwrite:
        raise BackupError("the database holds something already; --overwrite replaces all of it")
    database.engine.dispose()
    if database.sqlite:
        # One transaction of SQLite's own: whoever has the file open sees it before or after, and so does a crash.
        with (
            database.write_queue,
            closing(_read_only(source)) as copy,
            closing(sqlite3.connect(str(database.url.database), timeout=60)) as target,
        ):
            copy.backup(target)
        return
    with database.engine.begin() as connection:
        quote = connection.dialect.identifier_preparer.quote
        for name in tables:
            connection.execute(text(f"DROP TABLE {quote(name)} CASCADE"))
        schema = connection.scalar(text("SELECT current_schema()"))
    options = ("--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges", f"--schema={schema}")
    _run(database, "pg_restore", *options, str(source))


def _kind(source: Path) -> bool:
    """Whether it is SQLite's."""
    try:
        with source.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise BackupError(f"{source} cannot be read: {error.strerror}") from None
    for start, sqlite in _HEADS.items():
        if head.startswith(start):
            return sqlite
    raise BackupError(f"{source} is no backup")


def _read_again(sqlite: bool, file: Path) -> tuple[str | None, bytes | None]:
    """The revision and the ring in a backup, after a look at all of it. Raises `BackupError` for one that is damaged."""
    expected = {table.name for table in Base.metadata.sorted_tables if table.name == "resident"}
    try:
        tables, revision, ring = _of_sqlite(file) if sqlite else _of_postgresql(file)
    except sqlite3.Error as error:
        raise BackupError(f"{file} is damaged ({getattr(error, 'sqlite_errorname', type(error).__name__)})") from None
    if not expected <= tables:
        raise BackupError(f"{file} holds no Machi ID")
    return revision, ring


def _of_sqlite(file: Path) -> tuple[set[str], str | None, bytes | None]:
    with closing(_read_only(file)) as connection:
        if connection.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
            raise BackupError(f"{file} is damaged (integrity check)")
        if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
            raise BackupError(f"{file} is damaged (a row refers to one that is not there)")
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        revision = (
            connection.execute("SELECT version_num FROM alembic_version").fetchone()
            if "alembic_version" in tables
            else None
        )
        ring = connection.execute("SELECT sealed FROM key_ring").fetchone() if "key_ring" in tables else None
    return tables, revision and revision[0], ring and ring[0]


def _read_only(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro&immutable=1", uri=True)


def _of_postgresql(file: Path) -> tuple[set[str], str | None, bytes | None]:
    listed = _run(None, "pg_restore", "--list", str(file))
    tables = {line.split(" TABLE DATA ")[1].split()[1] for line in listed.splitlines() if " TABLE DATA " in line}
    _run(None, "pg_restore", "--file=-", str(file), output=subprocess.DEVNULL)  # every block of it can be read
    revision = next(_rows(file, "alembic_version"), [None])[0]
    ring = next(_rows(file, "key_ring"), None)
    return tables, revision, bytes.fromhex(ring[1].lstrip("\\x")) if ring else None


def _rows(file: Path, table: str) -> Iterator[list[str]]:
    """The rows of a small table in a dump, in the text form of COPY."""
    lines = iter(_run(None, "pg_restore", "--data-only", f"--table={table}", "--file=-", str(file)).splitlines())
    for line in lines:
        if line.startswith("COPY "):
            for row in lines:
                if row == "\\.":
                    return
                yield row.split("\t")


def _run(database: Database | None, program: str, *words: str, output: int = subprocess.PIPE) -> str:
    """What one of PostgreSQL's programs prints. The password goes by its environment: others see a command's words."""
    found = shutil.which(program)
    if found is None:
        raise BackupError(_NO_PROGRAMS.format(program))
    environment = dict(os.environ)
    if database is not None:
        url = database.url.set(drivername="postgresql").difference_update_query(["password"])._replace(password=None)
        words = (f"--dbname={url.render_as_string(hide_password=False)}", *words)
        if password := database.url.password or database.url.query.get("password"):
            environment["PGPASSWORD"] = str(password)
    done = subprocess.run(  # noqa: S603 - a program of the path, words of ours
        [found, *words], stdout=output, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=environment, check=False
    )
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or [program]
        raise BackupError(without_values(next((line for line in said if "error:" in line), said[0])))
    return (done.stdout or b"").decode("utf-8", "replace")
