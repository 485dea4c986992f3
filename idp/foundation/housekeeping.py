"""Forgetting what is over: expired codes, challenges, attempts, receipts. A job in the outbox that puts itself back for tomorrow.

Each cleaner runs in a transaction of its own, so that one that fails keeps nothing else from being forgotten.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import clock
from .database import Database
from .outbox import Job, OutboxRow, enqueue

log = logging.getLogger("machi.housekeeping")

TOPIC = "housekeeping"
EVERY = timedelta(hours=24)

Cleaner = Callable[[Session], object]
_cleaners: list[Cleaner] = []


def cleans_up(cleaner: Cleaner) -> Cleaner:
    """Register `cleaner(session)`; also usable as a decorator."""
    if cleaner not in _cleaners:
        _cleaners.append(cleaner)
    return cleaner


def ensure_scheduled(session: Session) -> None:
    """Put the first job into the outbox, if there is none."""
    if (
        session.scalar(select(OutboxRow.id).where(OutboxRow.topic == TOPIC, OutboxRow.gave_up.is_(False)).limit(1))
        is None
    ):
        enqueue(session, TOPIC, {}, clock.now() + EVERY)


def handle(database: Database, _job: Job) -> None:
    """Outbox handler: schedules tomorrow's first, so that the chain outlives a failing cleaner."""
    with database.write() as session:
        enqueue(session, TOPIC, {}, clock.now() + EVERY)
    for cleaner in _cleaners:
        try:
            with database.write() as session:
                cleaner(session)
        except Exception:
            log.exception("cleaner %s failed", getattr(cleaner, "__name__", cleaner))
