"""Writers about the same subject or handle take turns, so that what one read stays true until it has written."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.orm import Session

_NAMESPACE = 0x4D41
_STRIPES = 128


def take_turns(session: Session, client_id: str, names: Iterable[str]) -> None:
    """Hold the locks of these names until the transaction ends.

    PostgreSQL: advisory locks on 128 stripes, always in the same order, so no two writers wait for each other. SQLite has one
    writer anyway.
    """
    if session.get_bind().dialect.name != "postgresql":
        return
    stripes = sorted({zlib.crc32(f"{client_id}\0{name}".encode()) % _STRIPES for name in names})
    if stripes:
        lock = text("SELECT pg_advisory_xact_lock(:space, stripe) FROM unnest(CAST(:stripes AS int[])) AS stripe")
        session.execute(lock, {"space": _NAMESPACE, "stripes": stripes})
