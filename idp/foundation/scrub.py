"""What a log may say of a failure: where it happened, of which kind it is, and names out of the schema. Never a value.

An exception's text is written by whoever raises it, often from the value that was wrong: PostgreSQL quotes the row, a parser the input.
So no text is taken over, except of the few kinds whose text is made of names in the code, and of exceptions of our own. The frames
of a trace are lines of source, which hold no values.
"""

from __future__ import annotations

import linecache
import re
import sqlite3
import sys
import traceback
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    import psycopg

MAX_SQL = 1000
_ours = {"idp"}
# The interpreter makes their texts of names in the source.
_NAMES_ONLY = (
    AttributeError,
    NameError,
    ImportError,
    NotImplementedError,
    RecursionError,
    MemoryError,
    ArithmeticError,
)
_SQLITE_NAMES = re.compile(
    r"(?:UNIQUE|NOT NULL|CHECK|FOREIGN KEY) constraint failed(?:: [\w., ]+)?|no such (?:table|column): [\w.]+"
)
_RAISED = re.compile(r"([A-Za-z_][\w.]*)(?::.*)?")
_QUOTING = re.compile(
    r"""(?P<kept>Key \([^)]*\)=|Failing row contains |invalid input (?:syntax|value) for [^:]*: |\[parameters: ).*""",
    re.DOTALL,
)
WITHHELD = "…"


def trust(package: str) -> None:
    """The exceptions of this package are of ours: their texts are written without values."""
    _ours.add(package)


def described(error: BaseException) -> str:
    """The kind of an exception with what may be said of it, on one line."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    facts = " ".join(_facts(error))
    return f"{name}: {facts}" if facts else name


def _facts(error: BaseException) -> Iterator[str]:
    if isinstance(error, DBAPIError):
        if error.orig is not None:
            yield f"({described(error.orig)})"
        if error.statement:  # with placeholders: the engine hides what stands in them
            yield f"[SQL: {' '.join(error.statement.split())[:MAX_SQL]}]"
    elif (driver := sys.modules.get("psycopg")) is not None and isinstance(error, driver.Error):  # as in outage.py
        yield from _of_postgresql(error)
    elif isinstance(error, sqlite3.Error):
        yield getattr(error, "sqlite_errorname", "")
        if found := _SQLITE_NAMES.fullmatch(str(error)):
            yield found[0]
    elif type(error).__module__ == "builtins" and isinstance(error, OSError):
        yield error.strerror or ""
    elif type(error) in _NAMES_ONLY or type(error).__module__.partition(".")[0] in _ours:
        yield without_values(str(error))


def _of_postgresql(error: psycopg.Error) -> Iterator[str]:
    from psycopg import OperationalError

    if error.sqlstate is None:  # of the client's side: hosts, users and what the network said
        if isinstance(error, OperationalError):
            yield str(error).split("\n", 1)[0]
        return
    yield error.sqlstate
    for name in ("table_name", "column_name", "constraint_name", "datatype_name"):
        if (value := getattr(error.diag, name)) is not None:
            yield f"{name.removesuffix('_name')}={value}"


def trace_of(error: BaseException, seen: frozenset[int] = frozenset()) -> str:
    """The frames of an exception and of those it came from, each with its kind; no text that could hold a value, and no notes."""
    if id(error) in seen:
        return ""
    seen |= {id(error)}
    before, link = error.__cause__, "was the cause of:"
    if before is None and not error.__suppress_context__:
        before, link = error.__context__, "was at hand when this happened:"
    first = f"{trace_of(before, seen)}\n{link}\n" if before is not None and id(before) not in seen else ""
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    parts = "".join(f"\none of them:\n{trace_of(one, seen)}" for one in inner)
    return f"{first}{''.join(_frames(error))}{described(error)}{parts}"


def _frames(error: BaseException) -> Iterator[str]:
    for frame, number in traceback.walk_tb(error.__traceback__):
        code = frame.f_code
        yield f'  File "{code.co_filename}", line {number}, in {code.co_name}\n'
        if line := linecache.getline(code.co_filename, number, frame.f_globals).strip():
            yield f"    {line}\n"


def without_values(text: str) -> str:
    """A message without what a database's server quotes, and with the frames only of a trace somebody wrote into it."""
    first, *more = text.split("\n")
    kept = [_QUOTING.sub(rf"\g<kept>{WITHHELD}", first)]
    for line in more:
        if line.startswith("  File "):
            kept.append(line)
        elif not line.startswith(" ") and (found := _RAISED.fullmatch(line)):
            kept.append(found[1])
    return "\n".join(kept)
