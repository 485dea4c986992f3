"""Work that must happen after a commit: a row written in the same transaction, done by the delivery loop.

At least once, in the order of its id per topic as far as nothing fails; a handler must bear being called twice. Several workers
share one table (`FOR UPDATE SKIP LOCKED` on PostgreSQL; SQLite has one worker at a time by its write lock).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import BigInteger, Index, Integer, String, Text, delete, select, true, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from . import clock
from .database import Base, Database
from .live import Bus

log = logging.getLogger("machi.outbox")

# Seconds before try 2, 3, …: about a day in all (Standard Webhooks' example schedule), then the row is given up and kept.
PAUSES = (5, 30, 300, 1800, 7200, 18000, 36000)
LEASE = timedelta(seconds=60)
QUICK_ROUND = 50
# So few that a round of them, each at its time limit, ends before the lease does.
SLOW_ROUND = 8
WAKE_CHANNEL = "outbox"


class OutboxRow(Base):
    """One thing to do. `done_at` set: done or given up (`gave_up`)."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_due", "due_at"),)

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)
    topic: Mapped[str] = mapped_column(String(60))
    payload: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    last_error: Mapped[str | None] = mapped_column(String(200))
    gave_up: Mapped[bool] = mapped_column(default=False)


@dataclass(frozen=True)
class Job:
    """What a handler gets."""

    id: int
    topic: str
    payload: dict[str, Any]
    attempts: int


class RetryLaterError(Exception):
    """A handler could not do its work now; the text (no personal data) is kept with the row."""


Handler = Callable[[Job], None]


def enqueue(session: Session, topic: str, payload: dict[str, Any], due_at: datetime | None = None) -> None:
    """Add work to the transaction of `session`. Call `Worker.wake` after the commit to have it done at once."""
    session.add(OutboxRow(topic=topic, payload=orjson.dumps(payload).decode(), due_at=due_at or clock.now()))


class Worker:
    """The delivery loop. One thread per process when inline; any number of processes."""

    def __init__(self, database: Database, bus: Bus, idle_seconds: float = 1.0) -> None:
        self._database = database
        self._bus = bus
        self._handlers: dict[str, Handler] = {}
        self._stop = threading.Event()
        self._slow_topics: set[str] = set()
        self._wakes = {slow: threading.Event() for slow in (False, True)}
        self._threads: list[threading.Thread] = []
        self._idle = idle_seconds

    def handles(self, topic: str, handler: Handler, *, slow: bool = False) -> None:
        """Register the one handler of `topic`. `slow`: it waits for others' servers, and gets a lane of its own.

        One app that does not answer must not hold up what an open page waits for.
        """
        if topic in self._handlers:
            raise ValueError(f"topic {topic} has a handler already")
        self._handlers[topic] = handler
        if slow:
            self._slow_topics.add(topic)

    def wake(self) -> None:
        """Have waiting work looked at now, here and in other processes; a bus that is down only makes it later."""
        self._wake_here()
        if not isinstance_memory(self._bus):
            from .live import quietly

            quietly(lambda: self._bus.publish(WAKE_CHANNEL, {}))

    def start(self) -> None:
        """Run in background threads of this process."""
        targets: dict[str, Callable[[], None]] = {
            "quick": lambda: self.run(slow=False),
            "slow": lambda: self.run(slow=True),
        }
        if not isinstance_memory(self._bus):
            targets["listen"] = self._listen
        for name, target in targets.items():
            thread = threading.Thread(target=target, name=f"machi-worker-{name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """End after the job at hand."""
        self._stop.set()
        self._wake_here()
        for thread in self._threads:
            thread.join(timeout=5)

    def _wake_here(self) -> None:
        for event in self._wakes.values():
            event.set()

    def run(self, slow: bool) -> None:
        """Loop over one lane until stopped."""
        wake = self._wakes[slow]
        while not self._stop.is_set():
            wake.clear()
            try:
                busy = self.run_once(SLOW_ROUND if slow else QUICK_ROUND, slow)
            except Exception:  # the loop must outlive a database that is away for a moment
                log.exception("outbox round failed")
                busy = 0
            if not busy:
                wake.wait(self._idle)

    def run_once(self, limit: int = 50, slow: bool | None = None) -> int:
        """Take up to `limit` due rows (of one lane, or of both), do them, and return how many were taken."""
        jobs = self._take(limit, slow)
        done: list[int] = []
        for job in jobs:
            if self._do(job):
                done.append(job.id)
        if done:
            with self._database.write() as session:
                session.execute(delete(OutboxRow).where(OutboxRow.id.in_(done)))
        return len(jobs)

    def _take(self, limit: int, slow: bool | None = None) -> list[Job]:
        lane = OutboxRow.topic.in_(self._slow_topics)
        due = (
            select(OutboxRow)
            .where(
                OutboxRow.due_at <= clock.now(),
                OutboxRow.gave_up.is_(False),
                true() if slow is None else lane if slow else ~lane,
            )
            .order_by(OutboxRow.due_at, OutboxRow.id)
            .limit(limit)
        )
        with self._database.read() as session:  # the idle loop must not queue for SQLite's write lock
            if session.execute(due.with_only_columns(OutboxRow.id).limit(1)).first() is None:
                return []
        with self._database.write() as session:
            rows = session.scalars(due.with_for_update(skip_locked=True)).all()
            lease = clock.now() + LEASE  # if this process dies, another takes the row when the lease is over
            jobs = [Job(r.id, r.topic, orjson.loads(r.payload), r.attempts) for r in rows]
            for row in rows:
                row.due_at = lease
            return jobs

    def _do(self, job: Job) -> bool:
        handler = self._handlers.get(job.topic)
        try:
            if handler is None:
                raise RetryLaterError("no handler for this topic")
            handler(job)
        except RetryLaterError as error:
            self._postpone(job, str(error))
            return False
        except Exception as error:  # one broken job must not stop the others
            log.exception("job %s of topic %s failed", job.id, job.topic)
            self._postpone(job, type(error).__name__)
            return False
        return True

    def _postpone(self, job: Job, error: str) -> None:
        gave_up = job.attempts >= len(PAUSES)
        pause = timedelta(seconds=PAUSES[min(job.attempts, len(PAUSES) - 1)])
        with self._database.write() as session:
            session.execute(
                update(OutboxRow)
                .where(OutboxRow.id == job.id)
                .values(attempts=job.attempts + 1, due_at=clock.now() + pause, last_error=error[:200], gave_up=gave_up)
            )
        if gave_up:
            log.error("job %s of topic %s given up after %s tries: %s", job.id, job.topic, job.attempts + 1, error)

    def _listen(self) -> None:
        with self._bus.subscribe(WAKE_CHANNEL) as subscription:
            while not self._stop.is_set():
                if subscription.next(timeout=2.0) is not None:
                    self._wake_here()


def isinstance_memory(bus: Bus) -> bool:
    """Whether the bus ends at this process, so that a local event is enough."""
    from .live import MemoryBus

    return isinstance(bus, MemoryBus)


def pending(session: Session, topics: Iterable[str]) -> int:
    """How many rows of these topics still wait."""
    rows = session.scalars(select(OutboxRow.id).where(OutboxRow.topic.in_(list(topics)), OutboxRow.gave_up.is_(False)))
    return len(rows.all())
