"""Refusals are one kind: client, endpoint, error code, a reason for the app's developer, and the reference that stands in the answer.

Whoever refuses calls `refused`; the one line in the log and the count for the desk are made after the answer is (telemetry_hooks). A
reason is a text of ours: no secret, no token and no personal attribute. A client is named only if it is registered: what else was sent
as `client_id` may be anything.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import g
from sqlalchemy import Index, Integer, String, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from . import clock
from .database import Base, Database, insert_if_absent
from .housekeeping import cleans_up
from .scrub import without_values
from .telemetry import request_reference

log = logging.getLogger("machi.refusals")

EXPECTED = frozenset(
    {"access_denied", "account_selection_required", "authorization_pending", "consent_required", "interaction_required"}
    | {"login_required", "slow_down", "use_dpop_nonce"}
)
"""Steps of a protocol that goes as it should (RFC 8628 §3.5, OIDC Core §3.1.2.6, RFC 9449 §8): nobody need look into these."""
OF_NOBODY = frozenset({"unknown_client"})
"""An app's fault, though it is a browser that meets it and the app cannot be named. What was sent as its name is kept nowhere."""
MAX_REASON = 300
PER_HOUR = 20
"""Kinds kept for one client (or nobody known) and hour; the rest is one row of its own, so that a flood fills no table."""
MORE = "more"
WAITING = 500
EVERY = 2.0
KEPT = timedelta(days=14)


@dataclass(frozen=True)
class Refusal:
    error: str
    reason: str


@dataclass(frozen=True)
class Kind:
    """What is counted together."""

    hour: datetime
    client_id: str | None
    endpoint: str
    error: str
    reason: str

    @property
    def key(self) -> str:
        parts = (self.hour.isoformat(), self.client_id or "", self.endpoint, self.error, self.reason)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


class RefusedRequests(Base):
    """Requests refused alike within an hour."""

    __tablename__ = "refused_requests"
    __table_args__ = (Index("ix_refused_requests_client", "client_id", "last_at"),)

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    hour: Mapped[datetime]
    client_id: Mapped[str | None] = mapped_column(String(64))
    endpoint: Mapped[str] = mapped_column(String(80))
    error: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(String(MAX_REASON))
    times: Mapped[int] = mapped_column(Integer)
    last_at: Mapped[datetime]
    reference: Mapped[str] = mapped_column(String(10))
    """Of the last one."""


def refused(error: str, reason: str) -> str:
    """Note that this request is refused, and why; the last word counts. Returns the request's reference."""
    if error not in EXPECTED:
        g.refusal = Refusal(error, without_values(reason)[:MAX_REASON])
    return request_reference()


def refused_part(error: str, reason: str) -> str:
    """Note that one of several things in this request is refused. Returns the request's reference."""
    g.setdefault("refused_parts", Counter())[Refusal(error, without_values(reason)[:MAX_REASON])] += 1
    return request_reference()


def noted() -> Counter[Refusal]:
    """What was refused in this request, and how often."""
    found: Counter[Refusal] = g.pop("refused_parts", None) or Counter()
    if (whole := g.pop("refusal", None)) is not None:
        found[whole] += 1
    return found


class Tally:
    """Counts in the process, written every few seconds by a thread of its own: an answer never waits for it, nor fails with it."""

    def __init__(self, database: Database, every: float = EVERY) -> None:
        self._database = database
        self._every = every
        self._lock = threading.Lock()
        self._waiting: dict[Kind, tuple[int, datetime, str]] = {}
        self._timer: threading.Timer | None = None

    def add(self, client_id: str | None, endpoint: str, refusal: Refusal, times: int, reference: str) -> None:
        now = clock.now()
        hour = now.replace(minute=0, second=0, microsecond=0)
        kind = Kind(hour, client_id, endpoint[:80], refusal.error[:80], refusal.reason)
        with self._lock:
            if kind not in self._waiting and len(self._waiting) >= WAITING:
                kind = Kind(hour, None, "", MORE, "")
            before = self._waiting.get(kind, (0, now, reference))[0]
            self._waiting[kind] = (before + times, now, reference)
            if self._timer is None:
                self._timer = threading.Timer(self._every, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Write what waits. Never raises: what cannot be written is lost, and stands in the log."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
            if self._timer is not None:
                self._timer.cancel()
            self._timer = None
        if not waiting:
            return
        try:
            with self._database.write() as session:
                _write(session, waiting)
        except Exception as error:
            log.warning("refused requests not counted: %s", type(error).__name__)


def _write(session: Session, waiting: dict[Kind, tuple[int, datetime, str]]) -> None:
    hours = {kind.hour for kind in waiting}
    known: dict[tuple[str | None, datetime], set[str]] = {}
    rows = select(RefusedRequests.client_id, RefusedRequests.hour, RefusedRequests.key).where(
        RefusedRequests.hour.in_(hours)
    )
    for client_id, hour, key in session.execute(rows):
        known.setdefault((client_id, hour), set()).add(key)
    for kind, (times, at, reference) in waiting.items():
        keys = known.setdefault((kind.client_id, kind.hour), set())
        if kind.key not in keys and len(keys) >= PER_HOUR:
            kind = Kind(kind.hour, kind.client_id, "", MORE, "")
        keys.add(kind.key)
        values = {
            "key": kind.key,
            "hour": kind.hour,
            "client_id": kind.client_id,
            "endpoint": kind.endpoint,
            "error": kind.error,
            "reason": kind.reason,
            "times": 0,
            "last_at": at,
            "reference": reference,
        }
        insert_if_absent(session, RefusedRequests, ["key"], values)
        session.execute(
            update(RefusedRequests)
            .where(RefusedRequests.key == kind.key)
            .values(times=RefusedRequests.times + times, last_at=at, reference=reference)
        )


@cleans_up
def forget_old_refusals(session: Session) -> None:
    """Housekeeping: two weeks later."""
    session.execute(delete(RefusedRequests).where(RefusedRequests.last_at < clock.now() - KEPT))
