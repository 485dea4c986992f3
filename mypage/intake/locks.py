"""Writers about the same subject or handle wait for one another, so that what one read stays true until it has written."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from sqlalchemy.orm import Session

from idp.front.storage import lock_all

_NAMESPACE = 0x4D41
_STRIPES = 128


def lock_names(session: Session, client_id: str, names: Iterable[str]) -> None:
    """Hold the locks of these names until the transaction ends.

    PostgreSQL: advisory locks on 128 stripes, always in the same order, so no two writers wait for each other. SQLite has one
    writer anyway.
    """
    stripes = sorted({zlib.crc32(f"{client_id}\0{name}".encode()) % _STRIPES for name in names})
    lock_all(session, _NAMESPACE, stripes)
