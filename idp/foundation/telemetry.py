"""Logs: one JSON line per event on standard error, with the reference number an error page shows.

No secret and no personal attribute is ever passed to a logger; query strings are not logged, since codes travel there. What exceptions
and other libraries say goes through scrub.py here, whoever logs it and wherever it was raised.
"""

from __future__ import annotations

import logging
import secrets
import sys
import threading
from types import TracebackType

import orjson
from flask import g, has_request_context

from . import clock
from .ids import READABLE
from .scrub import described, trace_of, without_values

log = logging.getLogger("machi.process")


def request_reference() -> str:
    """A short reference for this request, the same on the page and in the log."""
    if not hasattr(g, "reference"):
        g.reference = new_reference()
    return str(g.reference)


def new_reference() -> str:
    """For what no request asked for, as the outbox's work."""
    return "".join(secrets.choice(READABLE) for _ in range(10))


class JsonLines(logging.Formatter):
    """`{"at", "level", "logger", "message", "reference"?, "client"?, "endpoint"?, "error"?, "reason"?, "trace"?}` a line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, str] = {
            "at": clock.now().isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        if has_request_context() and hasattr(g, "reference"):
            line["reference"] = g.reference
        line |= {name: value for name, value in getattr(record, "refusal", {}).items() if value is not None}
        if record.exc_info and record.exc_info[1] is not None:
            line["trace"] = trace_of(record.exc_info[1])
        return orjson.dumps(line).decode()


def _message(record: logging.LogRecord) -> str:
    if record.name == "py.warnings":  # `file:line: kind: text`, and the text may quote what it warns of
        return ":".join(record.getMessage().split(":")[:3])
    if isinstance(record.msg, BaseException):
        return described(record.msg)
    if isinstance(record.args, tuple) and any(isinstance(value, BaseException) for value in record.args):
        said = tuple(described(value) if isinstance(value, BaseException) else value for value in record.args)
        return without_values(str(record.msg) % said)
    return without_values(record.getMessage())


def configure_logging(level: int = logging.INFO) -> None:
    """Send every logger to standard error in JSON lines, and with them what nobody caught."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for known in logging.Logger.manager.loggerDict.values():
        if isinstance(known, logging.Logger):  # the server's own loggers have handlers that know nothing of our rules
            known.handlers[:], known.propagate = [], True
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    sys.unraisablehook = lambda found: _uncaught(found.exc_type, found.exc_value, found.exc_traceback)
    threading.excepthook = lambda found: _uncaught(found.exc_type, found.exc_value, found.exc_traceback)


def _uncaught(kind: type[BaseException], error: BaseException | None, _trace: TracebackType | None) -> None:
    """In place of the interpreter's own print of texts and notes."""
    if error is not None and not issubclass(kind, (KeyboardInterrupt, SystemExit)):
        log.critical("uncaught %s", kind.__name__, exc_info=error)
