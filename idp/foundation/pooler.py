"""Whether something stands between us and PostgreSQL that shares its connections (PgBouncer and its like), and how it shares them."""

from __future__ import annotations

from typing import Literal, cast

import psycopg
from sqlalchemy import Connection, text

from .database import Database

Sharing = Literal["none", "session", "transaction"]


def sharing(database: Database) -> Sharing:
    """`transaction`: the next transaction of a connection of ours runs on another of the server's. Raises what the driver raises."""
    with database.engine.connect() as first:
        before = _server(first)
        first.rollback()
        if before == cast(psycopg.Connection, first.connection.driver_connection).info.backend_pid:
            return "none"  # the server that answers is the one that greeted us; a pooler greets by itself, with a number of its own
        with database.engine.connect() as second:
            # A pooler that shares by transactions gives the second what the first has just given back, or later the first another.
            return "session" if before != _server(second) and before == _server(first) else "transaction"


def _server(connection: Connection) -> int:
    """The process of the server that answers."""
    return int(connection.scalar(text("SELECT pg_backend_pid()")) or 0)
