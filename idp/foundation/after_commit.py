"""What is to be done as soon as a transaction is through, inside an application; lost without harm outside of one."""

from __future__ import annotations

from collections.abc import Callable

from flask import has_app_context
from sqlalchemy import event
from sqlalchemy.orm import Session

from .context import Parts, parts
from .live import quietly


def after_commit(session: Session, act: Callable[[Parts], None]) -> None:
    """Call `act` once, after the commit of `session`'s transaction; a bus that is down only makes it later."""
    if has_app_context():
        instance = parts()
        event.listen(session, "after_commit", lambda _session: quietly(lambda: act(instance)), once=True)


def wake_worker_after_commit(session: Session) -> None:
    """Have the outbox looked at as soon as what was enqueued can be seen."""
    after_commit(session, lambda instance: instance.worker.wake())
