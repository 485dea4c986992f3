"""Logs: one JSON line per event on standard error, with the reference number an error page shows.

No secret and no personal attribute is ever passed to a logger; query strings are not logged, since codes travel there.
"""

from __future__ import annotations

import logging
import secrets
import sys

import orjson
from flask import g, has_request_context

from . import clock
from .ids import READABLE


def request_reference() -> str:
    """A short reference for this request, the same on the page and in the log."""
    if not hasattr(g, "reference"):
        g.reference = "".join(secrets.choice(READABLE) for _ in range(10))
    return str(g.reference)


class JsonLines(logging.Formatter):
    """`{"at", "level", "logger", "message", "reference"?, "trace"?}` a line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, str] = {
            "at": clock.now().isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if has_request_context() and hasattr(g, "reference"):
            line["reference"] = g.reference
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return orjson.dumps(line).decode()


def configure_logging(level: int = logging.INFO) -> None:
    """Send every logger to standard error in JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("alembic").setLevel(logging.WARNING)
