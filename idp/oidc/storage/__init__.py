"""Storage of the hot path: sign-on, refresh and userinfo, each in one round trip where the database allows it.

A narrow interface with a form per database. Everything that is not on the path of each sign-on uses the ORM instead.
"""

from __future__ import annotations

from ...foundation.database import Database
from .interface import GRANT_NAMES, GrantFacts, HotStore, LoginFacts, Redemption, Rotation, grant_values

__all__ = [
    "GRANT_NAMES",
    "GrantFacts",
    "HotStore",
    "LoginFacts",
    "Redemption",
    "Rotation",
    "grant_values",
    "open_store",
]


def open_store(database: Database) -> HotStore:
    """The form for this database."""
    if database.sqlite:
        from .sqlite import SqliteStore

        return SqliteStore(database)
    from .postgresql import PostgresStore

    return PostgresStore(database)
