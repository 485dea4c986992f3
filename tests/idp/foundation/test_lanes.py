"""Lanes of the outbox: each app's work in its order and one call at a time, beside that of the others, in all processes together."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from idp.foundation import clock
from idp.foundation.database import Database
from idp.foundation.lane_scheduler import AT_ONCE
from idp.foundation.live import MemoryBus
from idp.foundation.outbox import LANE_ROUND, LEASE, Job, OutboxRow, RetryLaterError, Worker, enqueue
from tests.idp.foundation.test_outbox import database, rows
from tests.support.waiting import until

assert database


def put(database: Database, *work: tuple[str, int]) -> None:
    """Pieces of work, each for a lane."""
    with database.write() as session:
        for lane, number in work:
            enqueue(session, "call", {"lane": lane, "number": number}, lane=lane)


class Apps:
    """What is called. `held`: apps that do not answer until `release`; `broken` ones answer with a failure, at once."""

    def __init__(self, *held: str, broken: tuple[str, ...] = ()) -> None:
        self.held, self.broken = set(held), set(broken)
        self.told: dict[str, list[int]] = defaultdict(list)
        self.now: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.tries: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._released = threading.Event()

    def __call__(self, job: Job) -> None:
        lane = str(job.payload["lane"])
        with self._lock:
            self.tries[lane] += 1
            self.now[lane] += 1
            for name, count in ((lane, self.now[lane]), ("all", self.now.total())):
                self.most[name] = max(self.most[name], count)
        try:
            if lane in self.held:
                assert self._released.wait(30)
            if lane in self.broken:
                raise RetryLaterError("not now")
            self.told[lane].append(int(job.payload["number"]))
        finally:
            with self._lock:
                self.now[lane] -= 1

    def release(self) -> None:
        self._released.set()


@contextmanager
def working(database: Database, *apps: Apps) -> Iterator[list[Worker]]:
    """A worker for each, as processes of their own would have it."""
    workers = [Worker(database, MemoryBus(), idle_seconds=0.02) for _ in apps]
    for worker, called in zip(workers, apps, strict=True):
        worker.handles("call", called, slow=True)
        worker.start()
    try:
        yield workers
    finally:
        for called in apps:
            called.release()
        for worker in workers:
            worker.stop()


def test_an_app_that_hangs_costs_nobody_else(database: Database) -> None:
    apps = Apps("hangs")
    put(database, *(("hangs", n) for n in range(20)), *((f"app{n}", n) for n in range(40)))
    with working(database, apps):
        until(lambda: sum(len(told) for told in apps.told.values()) == 40)
        assert apps.now["hangs"] == 1
        assert apps.told["hangs"] == []
        apps.release()
        until(lambda: not rows(database))
    assert apps.told["hangs"] == list(range(20))
    assert apps.most["hangs"] == 1


def test_however_many_hang_so_many_threads_and_no_more(database: Database) -> None:
    names = [f"app{n}" for n in range(AT_ONCE * 2)]
    apps = Apps(*names)
    put(database, *((name, n) for name in names for n in range(2)))
    with working(database, apps) as [worker]:
        until(lambda: apps.now.total() == AT_ONCE)
        worker.wake()
        # A thread is in the list a moment after it has begun.
        until(lambda: len([t for t in worker._threads if t.name == "machi-worker-lane"]) == AT_ONCE)
        apps.release()
        until(lambda: not rows(database))
    assert apps.most["all"] == AT_ONCE


def test_apps_known_to_be_slow_or_broken_leave_room_for_the_others(database: Database) -> None:
    """More of them than there is room: all failed once and hang the next time. A healthy app is told meanwhile."""
    names = [f"bad{n}" for n in range(AT_ONCE * 2)]
    apps = Apps(broken=tuple(names))
    put(database, *((name, n) for name in names for n in range(3)))
    with working(database, apps):
        until(lambda: all(apps.tries[name] == 3 for name in names))
    apps = Apps(*names)
    with working(database, apps) as [worker]:
        for name in names:
            worker._scheduler.end(name, False)  # as this process would have learnt it
        put(database, *((name, 9) for name in names))
        until(lambda: apps.now.total() == AT_ONCE // 2)
        put(database, ("healthy", 1))
        until(lambda: apps.told["healthy"] == [1])
        assert apps.now.total() == AT_ONCE // 2


def test_several_processes_keep_one_call_and_the_order(database: Database) -> None:
    shared = Apps()
    work = [(f"app{n % 5}", n) for n in range(150)]
    put(database, *work)
    with working(database, shared, shared, shared):
        until(lambda: not rows(database), 30)
    for lane in {lane for lane, _ in work}:
        assert shared.told[lane] == [n for other, n in work if other == lane]
        assert shared.most[lane] == 1


def test_a_failure_lets_the_rest_of_its_lane_go_on(database: Database) -> None:
    """As far as nothing fails there is order; what failed comes again later, and holds up nothing."""
    apps = Apps(broken=("app",))
    put(database, ("app", 1), ("app", 2), ("app", 3))
    with working(database, apps):
        until(lambda: [row.attempts for row in rows(database)] == [1, 1, 1])
        assert apps.most["app"] == 1
    apps.broken.clear()
    with clock.travelled(timedelta(minutes=1)), working(database, apps):
        until(lambda: not rows(database))
    assert apps.told["app"] == [1, 2, 3]


def test_a_process_that_died_is_stood_in_for(database: Database) -> None:
    """Its lane waits for the lease, so that no app is called twice at once; then another process goes on in order."""
    put(database, *(("app", n) for n in range(6)), ("other", 0))
    dead, apps = Worker(database, MemoryBus()), Apps()
    dead.handles("call", Apps(), slow=True)
    assert {lane: len(jobs) for lane, jobs in dead._claim(["app"]).items()} == {"app": LANE_ROUND}
    with working(database, apps):
        until(lambda: apps.told["other"] == [0])
        assert apps.told["app"] == []
    with clock.travelled(LEASE + timedelta(seconds=1)), working(database, apps):
        until(lambda: not rows(database))
    assert apps.told["app"] == list(range(6))


def test_what_a_stopping_process_has_not_tried_is_free_at_once(database: Database) -> None:
    apps = Apps("app")
    put(database, ("app", 1), ("app", 2), ("app", 3))
    with working(database, apps) as [worker]:
        until(lambda: apps.now["app"] == 1)
        worker._stop.set()
        apps.release()
        until(lambda: [(row.id, row.leased_until) for row in rows(database)] == [(2, None), (3, None)])


def test_work_of_a_version_that_knew_no_lanes_is_done(database: Database) -> None:
    """While an installation is updated, the version before still writes."""
    from sqlalchemy import insert

    values = {"topic": "call", "payload": '{"lane":"old","number":1}', "attempts": 0, "gave_up": False}
    with database.write() as session:
        session.execute(insert(OutboxRow).values(**values, due_at=clock.now()))
    apps = Apps()
    with working(database, apps):
        until(lambda: apps.told["old"] == [1])


@pytest.mark.parametrize("seconds", [0, 3600], ids=["now", "an-hour"])
def test_work_for_later_keeps_its_lane_free(database: Database, seconds: int) -> None:
    with database.write() as session:
        due = clock.now() + timedelta(hours=1)
        enqueue(session, "call", {"lane": "app", "number": 1}, due, lane="app")
        enqueue(session, "call", {"lane": "app", "number": 2}, lane="app")
    apps = Apps()
    with clock.travelled(timedelta(seconds=seconds + 1)), working(database, apps):
        until(lambda: apps.told["app"] == ([2] if seconds == 0 else [2, 1]))
