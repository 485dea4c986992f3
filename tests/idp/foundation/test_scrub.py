"""No value of any column reaches a log line, however a database fails and whoever reports it."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

import idp.tables
import mypage.install
from idp.foundation.database import Base, Database, Instant
from idp.foundation.scrub import described, trace_of, without_values
from idp.foundation.telemetry import JsonLines, configure_logging
from idp.oidc.storage.prepared import ConnectionPool, Statement
from mypage.columns import JsonText
from tests.support.server import ROOT, environment

assert idp.tables
assert mypage

CANARY = "みほん花子ZQX7"
KINDS: dict[type, Any] = {str: CANARY, bytes: CANARY.encode()}
"""What a column can be given; numbers, truths and times hold no text."""
TEXTS = [
    column
    for table in Base.metadata.sorted_tables
    for column in table.columns
    if isinstance(column.type, JsonText) or column.type.python_type in KINDS
]


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What our formatter writes."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    log = logging.getLogger("machi.test_scrub")
    log.addHandler(handler)
    log.propagate = False  # to the test runner's own handler
    yield written
    log.removeHandler(handler)
    log.propagate = True


def report(error: BaseException) -> None:
    """In each of the ways in which an exception comes to a logger: its trace, its chain, its notes, in a group, as a text."""
    log = logging.getLogger("machi.test_scrub")
    error.add_note(f"while storing {CANARY}")
    outer = RuntimeError(CANARY)
    outer.__context__ = error
    log.error("failed: %s", error, exc_info=ExceptionGroup(CANARY, [outer]))
    log.error(error)


def value_of(column: sa.Column[Any], long: bool = False) -> Any:
    if isinstance(column.type, JsonText):
        return {"ja": CANARY}
    if column.type.python_type not in KINDS:
        known = isinstance(column.type, Instant)
        return datetime.now(UTC) if known else {date: date(2026, 4, 1)}.get(column.type.python_type, 0)
    text = CANARY * 2000 if long else CANARY[: getattr(column.type, "length", None)]
    return text.encode() if column.type.python_type is bytes else text


def ways(column: sa.Column[Any], sqlite: bool) -> Iterator[Callable[[sa.Connection], object]]:
    """What makes the database fail with a value of this column at hand."""
    table = column.table
    row = sa.insert(table).values({column: value_of(column)})
    full = sa.insert(table).values({each: value_of(each) for each in table.columns})
    read_only = "PRAGMA query_only=ON" if sqlite else "SET TRANSACTION READ ONLY"
    yield lambda c: c.execute(row)  # other columns must not be NULL
    yield lambda c: [c.execute(full), c.execute(full)]  # referring to nothing, or there twice
    if getattr(column.type, "length", None):
        yield lambda c: c.execute(sa.insert(table).values({column: value_of(column, long=True)}))
    if isinstance(column.type, sa.String):
        yield lambda c: c.execute(sa.select(sa.cast(sa.literal(CANARY, column.type), sa.BigInteger)))
    yield lambda c: c.execute(sa.select(table).where(sa.literal_column("nothing") == value_of(column)))
    yield lambda c: [c.exec_driver_sql(read_only), c.execute(row)]


def test_every_column_that_can_hold_a_text_is_looked_at() -> None:
    tables = {column.table.name for column in TEXTS}
    assert tables == {table.name for table in Base.metadata.sorted_tables}
    named = {str(column) for column in TEXTS}
    assert named > {"resident.attributes", "signing_key.private_sealed", "resident_case.reason", "outbox.payload"}


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # of columns left out: that is the point
def test_no_value_of_any_column(database_url: str, lines: io.StringIO) -> None:
    database = Database(database_url)
    failed: dict[str, int] = {}
    with database.engine.connect() as connection:
        for column in TEXTS:
            for way in ways(column, database.sqlite):
                try:
                    way(connection)
                except SQLAlchemyError as error:
                    report(error)
                    failed[str(column)] = failed.get(str(column), 0) + 1
                finally:
                    connection.rollback()
                    if database.sqlite:
                        connection.exec_driver_sql("PRAGMA query_only=OFF")
                        connection.rollback()
    database.close()
    assert failed.keys() == {str(column) for column in TEXTS}
    written = lines.getvalue()
    assert_clean(written)
    for fact in ("UNIQUE constraint failed", "NOT NULL") if database.sqlite else ("23502 table=", "22P02", "25006"):
        assert fact in written  # what helps to find the fault is there


def assert_clean(written: str) -> None:
    """Lines of JSON without the value, however it may be written."""
    assert written
    for line in written.splitlines():
        said = json.dumps(json.loads(line), ensure_ascii=False)
        for form in (CANARY, repr(CANARY.encode()), CANARY.encode().hex(), "ZQX7"):
            assert form not in said


@pytest.mark.servers
def test_no_value_from_the_lower_layer(postgresql_url: str, lines: io.StringIO) -> None:
    hot = ConnectionPool(postgresql_url, 1)
    insert = "INSERT INTO revoked_token (jti, expires_at) VALUES (%(jti)s, 0) RETURNING jti"
    for statement, value in (
        (Statement("twice", insert), CANARY), (Statement("long", insert + " "), CANARY * 100),
        (Statement("cast", "SELECT (%(jti)s::text)::bigint"), CANARY), (Statement("nul", insert + "  "), CANARY + "\0"),
    ):  # fmt: skip
        with pytest.raises(psycopg.Error) as caught:
            _ = [hot.row(statement, {"jti": value}) for _ in range(2)]
        report(caught.value)
    hot.close()
    assert_clean(lines.getvalue())
    assert "23505 table=revoked_token" in lines.getvalue()


def test_a_lock_that_is_not_got(postgresql_url: str, lines: io.StringIO) -> None:
    database = Database(postgresql_url)
    with database.engine.connect() as holder, database.engine.connect() as other:
        holder.exec_driver_sql("LOCK TABLE resident IN ACCESS EXCLUSIVE MODE")
        other.exec_driver_sql("SET LOCAL lock_timeout = '1ms'")
        with pytest.raises(SQLAlchemyError) as caught:
            other.execute(sa.text("SELECT 1 FROM resident WHERE unified_id = :it"), {"it": CANARY})
    report(caught.value)
    database.close()
    assert_clean(lines.getvalue())
    assert "55P03" in lines.getvalue()


def test_texts_of_other_libraries(lines: io.StringIO) -> None:
    for raised in (
        lambda: int(CANARY), lambda: json.loads(f'{{"{CANARY}'), lambda: {}[CANARY], lambda: CANARY.encode("ascii"),
        lambda: Path(f"/nowhere/{CANARY}").read_text(), lambda: b"\xff".decode("utf-8") + CANARY,
    ):  # fmt: skip
        with pytest.raises(Exception) as caught:
            raised()
        assert CANARY not in described(caught.value)


def test_the_kind_and_the_place_stay() -> None:
    with pytest.raises(KeyError) as caught:
        {}["x"]
    trace = trace_of(caught.value)
    assert __file__ in trace
    assert trace.endswith("KeyError")


def test_an_exception_that_is_its_own_cause() -> None:
    error = ValueError("x")
    error.__cause__ = error
    assert trace_of(error) == "ValueError"


def test_what_a_server_wrote_into_a_message() -> None:
    """Granian puts the whole trace into the text of its line."""
    text = (
        f"Application callable raised an exception\nTraceback (most recent call last):\n"
        f'  File "x.py", line 1, in f\n    raise ValueError("{CANARY}")\nValueError: {CANARY}\nDETAIL: Key (name)=({CANARY})'
    )
    said = without_values(text)
    assert CANARY not in said
    assert said.startswith("Application callable")
    assert 'File "x.py", line 1' in said
    assert "ValueError" in said
    for one in (f"DETAIL:  Key (a, b)=(x, {CANARY}) already", f"Failing row contains (1, {CANARY})."):
        assert CANARY not in without_values(one)


@contextmanager
def configured() -> Iterator[io.StringIO]:
    """As a server's process has it; afterwards as it was."""
    hooks = sys.excepthook, sys.unraisablehook, threading.excepthook, sys.stderr
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    sys.stderr = written = io.StringIO()
    try:
        configure_logging()
        yield written
    finally:
        sys.excepthook, sys.unraisablehook, threading.excepthook, sys.stderr = hooks
        logging.captureWarnings(False)
        root.handlers[:] = before
        root.setLevel(level)


def test_a_thread_a_finaliser_and_a_warning() -> None:
    class Falls:
        def __del__(self) -> None:
            raise ValueError(value)

    value = CANARY

    def fall() -> None:
        raise ValueError(value)

    with configured() as written:
        thread = threading.Thread(target=fall)
        thread.start()
        thread.join()
        fallen = Falls()
        del fallen
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(False)
            logging.captureWarnings(True)
            warnings.warn(f"row {value} is there already", stacklevel=1)
        handled = logging.getLogger("another.library")
        handled.addHandler(logging.StreamHandler(written))
    assert written.getvalue().count("uncaught ValueError") == 2
    assert "UserWarning" in written.getvalue()
    assert_clean(written.getvalue())


def test_a_command_that_nobody_caught(tmp_path: Any) -> None:
    """A process of its own: what the interpreter would print."""
    script = (
        "import machi_id.wsgi\nfrom idp.foundation.telemetry import configure_logging\nconfigure_logging()\n"
        f"def fall(value):\n    raise ValueError(value)\nfall(bytes.fromhex('{CANARY.encode().hex()}').decode())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment("http://localhost:1"), capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "uncaught ValueError" in done.stderr
    assert CANARY not in done.stderr + done.stdout
