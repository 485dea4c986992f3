"""Forget receipts that nobody will ask for again."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from idp.front.storage import clock

from ..columns import table_of
from .model import EventReceipt

KEEP = timedelta(days=90)


def forget_receipts(session: Session, keep: timedelta = KEEP) -> int:
    """Delete receipts older than `keep` (never less than 90 days); returns how many."""
    old = clock.now() - max(keep, KEEP)
    gone = session.execute(delete(table_of(EventReceipt)).where(EventReceipt.recorded_at < old))
    return int(gone.rowcount)  # type: ignore[attr-defined]
