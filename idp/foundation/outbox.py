"""Work that must happen after a commit: a row written in the same transaction, done by the delivery loop.

At least once, in the order of its id per lane as far as nothing fails; a handler must bear being called twice. Several workers
share one table (`FOR UPDATE SKIP LOCKED` on PostgreSQL; SQLite has one worker at a time by its write lock).

Quick topics are done by one thread, one after the other. Slow ones wait for others' servers: each app is a lane of its own with one
call under way, in all processes together, and lanes run beside each other, so that an app that hangs holds up its own work only.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import orjson
from sqlalchemy import (
    BigInteger,
    Index,
    Integer,
    Select,
    String,
    Table,
    Text,
    delete,
    func,
    or_,
    select,
    text,
    true,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from . import clock
from .database import Base, Database
from .driver import Columns, write_all
from .lane_scheduler import LaneScheduler
from .live import Bus, BusUnavailableError

log = logging.getLogger("machi.outbox")

# Seconds before try 2, 3, …: about a day in all (Standard Webhooks' example schedule), then the row is given up and kept.
PAUSES = (5, 30, 300, 1800, 7200, 18000, 36000)
LEASE = timedelta(seconds=60)
QUICK_ROUND = 200
GATHER = 0.1
"""Seconds between the beginnings of two rounds of quick work, unless there is more than a round of it."""
# What a lane does in one run: so little that it ends before the lease does, each call at its time limit.
LANE_ROUND = 4
# A call that took longer ends the lane's run, and it counts as troubled (lane_scheduler.py).
SLOW_CALL = 1.0
# For claiming lanes, one process at a time: a number of our own in PostgreSQL's space of advisory locks.
_CLAIMING = 0x6D616368
WAKE_CHANNEL = "outbox"
STUCK = 120.0
"""Seconds without a round after which a loop will not come back: no wait in it is that long."""


class OutboxRow(Base):
    """One thing to do; deleted when done, kept when given up (`gave_up`)."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_due", "due_at"), Index("ix_outbox_lane", "lane", "due_at"))

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)
    topic: Mapped[str] = mapped_column(String(60))
    lane: Mapped[str] = mapped_column(String(64), server_default="")
    """Whose server it waits for: an app's id, or the topic. Empty: written by a version that knew no lanes."""
    payload: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    """In a worker's hand until then; if its process dies, another takes the row afterwards."""
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


Handler = Callable[[Sequence[Job]], None]
"""Of one topic's jobs, oldest first: one, or as many as are due if it takes them together."""


def enqueue(
    session: Session, topic: str, payload: dict[str, Any], due_at: datetime | None = None, lane: str | None = None
) -> None:
    """Add work to the transaction of `session`; `lane` is the app whose server a slow topic calls. Call `Worker.wake` after the commit
    to have it done at once.
    """
    session.add(OutboxRow(**job(topic, payload, due_at, lane)))


def job(topic: str, payload: dict[str, Any], due_at: datetime | None = None, lane: str | None = None) -> dict[str, Any]:
    """What `enqueue` adds, as a row for `ENQUEUE`."""
    written = orjson.dumps(payload).decode()
    begun = {"attempts": 0, "leased_until": None, "last_error": None, "gave_up": False}
    return {"topic": topic, "lane": lane or topic, "payload": written, "due_at": due_at or clock.now(), **begun}


_COLUMNS = Columns(cast(Table, OutboxRow.__table__))
_LEASE = _COLUMNS.update(["leased_until"])
ENQUEUE = Columns(cast(Table, OutboxRow.__table__), without=("id",)).insert


class Worker:
    """The delivery loop: a thread for quick work, one that hands out slow work, one for each lane at work. Any number of processes."""

    def __init__(self, database: Database, bus: Bus, idle_seconds: float = 1.0) -> None:
        self._database = database
        self._bus = bus
        self._handlers: dict[str, Handler] = {}
        self._stop = threading.Event()
        self._slow_topics: set[str] = set()
        self._together: set[str] = set()
        self._wakes = {slow: threading.Event() for slow in (False, True)}
        self._threads: list[threading.Thread] = []
        self._scheduler = LaneScheduler()
        self._rounds: dict[bool, float] = {}
        self._idle = idle_seconds

    def handles(self, topic: str, handler: Callable[[Job], None], *, slow: bool = False) -> None:
        """Register the one handler of `topic`. `slow`: it waits for others' servers, or takes long itself."""
        self._register(topic, lambda jobs: handler(jobs[0]), slow)

    def handles_together(self, topic: str, handler: Handler, *, slow: bool = False) -> None:
        """The same for a handler that makes one thing of many jobs; what it raises counts for all of them."""
        self._register(topic, handler, slow)
        self._together.add(topic)

    def _register(self, topic: str, handler: Handler, slow: bool) -> None:
        if topic in self._handlers:
            raise ValueError(f"topic {topic} has a handler already")
        self._handlers[topic] = handler
        if slow:
            self._slow_topics.add(topic)

    def wake(self, *topics: str) -> None:
        """Have waiting work looked at now, that of `topics` or all; a bus that is down only makes it later.

        Other processes are told too, unless the work is quick and a loop runs here: several would come for the same rows.
        """
        quick = bool(topics) and self._slow_topics.isdisjoint(topics)
        self._wake_here(quick)
        if not isinstance_memory(self._bus) and not (quick and self._threads):
            from .live import quietly

            quietly(lambda: self._bus.publish(WAKE_CHANNEL, {"quick": quick}))

    def start(self) -> None:
        """Run in background threads of this process."""
        targets: dict[str, Callable[[], object]] = {
            "quick": lambda: self._run(False, lambda: self.run_once(QUICK_ROUND, slow=False)),
            "slow": lambda: self._run(True, self._start_lanes),
        }
        if not isinstance_memory(self._bus):
            targets["listen"] = self._listen
        for name, target in targets.items():
            thread = threading.Thread(target=target, name=f"machi-worker-{name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    @property
    def stuck(self) -> bool:
        """Whether a loop that was started here goes round no more."""
        return any(time.monotonic() > begun + STUCK for begun in self._rounds.values())

    def stop(self) -> None:
        """End after the jobs at hand."""
        self._stop.set()
        self._wake_here()
        ends = time.monotonic() + 5
        for thread in self._threads:
            thread.join(timeout=max(0.0, ends - time.monotonic()))

    def _wake_here(self, quick: bool = False) -> None:
        self._wakes[False].set()
        if not quick:
            self._wakes[True].set()

    def _run(self, slow: bool, round_of_work: Callable[[], int]) -> None:
        """Loop until stopped; a round says how much it found to do."""
        wake = self._wakes[slow]
        before = None  # how the last round failed
        while not self._stop.is_set():
            self._rounds[slow] = time.monotonic()
            wake.clear()
            try:
                busy, before = round_of_work(), None
            except Exception as error:  # the loop must outlive a database that is away, or empty
                log.error(
                    "outbox round failed", exc_info=type(error) is not before
                )  # one trace of a kind, not one a second
                busy, before = 0, type(error)
            if not slow and busy < QUICK_ROUND:
                self._stop.wait(GATHER)  # what comes meanwhile is one round, not one each
            if not busy:
                wake.wait(self._idle)

    def run_once(self, limit: int = 50, slow: bool | None = None) -> int:
        """Take up to `limit` due rows (quick, slow, or both), do them here one after the other, and return how many were taken."""
        jobs = self._take(limit, slow)
        done = [job.id for group in self._grouped(jobs) if self._do(group) for job in group]
        self._finish(done, [])
        return len(jobs)

    def _grouped(self, jobs: Sequence[Job]) -> list[list[Job]]:
        """What is done in one call: all jobs of a topic whose handler takes them together, else each alone."""
        groups: dict[str | int, list[Job]] = {}
        for job in jobs:
            groups.setdefault(job.topic if job.topic in self._together else job.id, []).append(job)
        return list(groups.values())

    def _due(self, slow: bool | None) -> Select[OutboxRow]:
        now = clock.now()
        waits_for_others = OutboxRow.topic.in_(self._slow_topics)
        return select(OutboxRow).where(
            OutboxRow.due_at <= now,
            or_(OutboxRow.leased_until.is_(None), OutboxRow.leased_until <= now),
            OutboxRow.gave_up.is_(False),
            true() if slow is None else waits_for_others if slow else ~waits_for_others,
        )

    def _take(self, limit: int, slow: bool | None = None) -> list[Job]:
        due = self._due(slow)
        with self._database.read() as session:  # the idle loop must not queue for SQLite's write lock
            if session.execute(due.with_only_columns(OutboxRow.id).limit(1)).first() is None:
                return []
        with self._database.write() as session:
            return self._lease(session, due, limit)

    def _lease(self, session: Session, due: Select[OutboxRow], limit: int) -> list[Job]:
        ordered = due.order_by(OutboxRow.due_at, OutboxRow.id).limit(limit).with_for_update(skip_locked=True)
        wanted = ordered.with_only_columns(OutboxRow.id, OutboxRow.topic, OutboxRow.payload, OutboxRow.attempts)
        rows = session.execute(wanted).all()
        lease = clock.now() + LEASE
        write_all(session, [(_LEASE, [{"id": row.id, "leased_until": lease} for row in rows])])
        return [Job(r.id, r.topic, orjson.loads(r.payload), r.attempts) for r in rows]

    def _start_lanes(self) -> int:
        """Give each lane that the scheduler starts a thread, with the oldest of its work; returns how many."""
        oldest = func.min(OutboxRow.due_at)
        due = self._due(True).with_only_columns(OutboxRow.lane).group_by(OutboxRow.lane).order_by(oldest)
        with self._database.read() as session:
            waiting = session.scalars(due).all()
        chosen = self._scheduler.begin(waiting)
        if not chosen:
            return 0
        taken: dict[str, list[Job]] = {}
        try:
            taken = self._claim(chosen)
        finally:
            for lane in chosen:
                if lane not in taken:
                    self._scheduler.end(lane)
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        for lane, jobs in taken.items():
            thread = threading.Thread(target=self._run_lane, args=(lane, jobs), name="machi-worker-lane", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # no thread to be had now; the lease hands the work to whoever comes next
                log.exception("a lane got no thread")
                self._scheduler.end(lane)
                continue
            self._threads.append(thread)
        return len(taken)

    def _claim(self, lanes: Sequence[str]) -> dict[str, list[Job]]:
        """The oldest jobs of those lanes that nobody else is at."""
        with self._database.write() as session:
            if session.get_bind().dialect.name == "postgresql":
                # Else two processes could each take another row of the same lane. SQLite has one writer anyway.
                session.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _CLAIMING})
            held = select(OutboxRow.lane).where(OutboxRow.lane.in_(lanes), OutboxRow.leased_until > clock.now())
            busy = set(session.scalars(held))
            found = {
                lane: self._lease(session, self._due(True).where(OutboxRow.lane == lane), LANE_ROUND)
                for lane in lanes
                if lane not in busy
            }
        return {lane: jobs for lane, jobs in found.items() if jobs}

    def _run_lane(self, lane: str, jobs: Sequence[Job]) -> None:
        """One run of a lane: it ends early with the first call that fails or is slow."""
        done: list[int] = []
        tried, well = 0, True
        try:
            while well and tried < len(jobs) and not self._stop.is_set():
                job, begun = jobs[tried], time.monotonic()
                tried += 1
                well = self._do([job])
                if well:
                    done.append(job.id)
                    well = time.monotonic() - begun <= SLOW_CALL
            self._finish(done, [job.id for job in jobs[tried:]])
        except Exception:  # the lease hands the work to whoever comes next
            log.exception("a lane's run failed")
            well = False
        finally:
            self._scheduler.end(lane, well if tried else None)
            self._wakes[True].set()

    def _finish(self, done: Sequence[int], untried: Sequence[int]) -> None:
        if not (done or untried):
            return
        with self._database.write() as session:
            if done:
                session.execute(delete(OutboxRow).where(OutboxRow.id.in_(done)))
            if untried:
                session.execute(update(OutboxRow).where(OutboxRow.id.in_(untried)).values(leased_until=None))

    def _do(self, jobs: Sequence[Job]) -> bool:
        topic = jobs[0].topic
        handler = self._handlers.get(topic)
        try:
            if handler is None:
                raise RetryLaterError("no handler for this topic")
            handler(jobs)
        except Exception as error:  # one broken job must not stop the others
            if not isinstance(error, RetryLaterError):
                log.exception("job %s of topic %s failed", ", ".join(str(job.id) for job in jobs), topic)
            return self._failed(jobs, error)
        return True

    def _failed(self, jobs: Sequence[Job], error: Exception) -> bool:
        """A job that cannot be done comes again; of several together each is tried alone first: one must not hold up the rest."""
        if len(jobs) > 1 and not isinstance(error, RetryLaterError):
            alone = [job for job in jobs if self._do([job])]
            self._finish([job.id for job in alone], [])
            return False
        for job in jobs:
            self._postpone(job, str(error) if isinstance(error, RetryLaterError) else type(error).__name__)
        return False

    def _postpone(self, job: Job, error: str) -> None:
        gave_up = job.attempts >= len(PAUSES)
        pause = timedelta(seconds=PAUSES[min(job.attempts, len(PAUSES) - 1)])
        with self._database.write() as session:
            session.execute(
                update(OutboxRow)
                .where(OutboxRow.id == job.id)
                .values(
                    attempts=job.attempts + 1,
                    due_at=clock.now() + pause,
                    leased_until=None,
                    last_error=error[:200],
                    gave_up=gave_up,
                )
            )
        if gave_up:
            log.error("job %s of topic %s given up after %s tries: %s", job.id, job.topic, job.attempts + 1, error)

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                with self._bus.subscribe(WAKE_CHANNEL) as subscription:
                    self._wake_here()  # what was said before is not known
                    while not self._stop.is_set():
                        if (told := subscription.next(timeout=2.0)) is not None:
                            self._wake_here(bool(told.get("quick")))
            except BusUnavailableError:  # the loops look by themselves, if later
                self._stop.wait(self._idle)


def isinstance_memory(bus: Bus) -> bool:
    """Whether the bus ends at this process, so that a local event is enough."""
    from .live import MemoryBus

    return isinstance(bus, MemoryBus)


def pending(session: Session, topics: Iterable[str]) -> int:
    """How many rows of these topics still wait."""
    rows = session.scalars(select(OutboxRow.id).where(OutboxRow.topic.in_(list(topics)), OutboxRow.gave_up.is_(False)))
    return len(rows.all())
