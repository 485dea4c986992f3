"""The outbox: work written with the change that caused it, done at least once, shared by workers, given up in the end."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from idp.foundation import clock
from idp.foundation.database import Database
from idp.foundation.live import MemoryBus, open_bus
from idp.foundation.outbox import LEASE, PAUSES, Job, OutboxRow, RetryLaterError, Worker, enqueue, pending
from tests.support.waiting import until


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


def put(database: Database, *names: str, topic: str = "t") -> None:
    with database.write() as session:
        for name in names:
            enqueue(session, topic, {"name": name})


def rows(database: Database) -> list[OutboxRow]:
    with database.read() as session:
        return list(session.scalars(select(OutboxRow).order_by(OutboxRow.id)))


class Hand:
    """A handler that writes down what it did; names in `fails` raise."""

    def __init__(self, *fails: str, error: type[Exception] = RetryLaterError) -> None:
        self.done: list[str] = []
        self.fails = set(fails)
        self.error = error

    def __call__(self, job: Job) -> None:
        name = job.payload["name"]
        self.done.append(name)
        if name in self.fails:
            raise self.error("not now")


def worker(database: Database, hand: Hand) -> Worker:
    found = Worker(database, MemoryBus())
    found.handles("t", hand)
    return found


def test_work_is_done_in_order_and_forgotten(database: Database) -> None:
    put(database, "a", "b", "c")
    hand = Hand()
    assert worker(database, hand).run_once() == 3
    assert hand.done == ["a", "b", "c"]
    assert rows(database) == []
    assert worker(database, hand).run_once() == 0


def test_work_of_a_transaction_that_failed_is_none(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.write() as session:
        enqueue(session, "t", {"name": str(1 / 0)})
    with database.read() as session:
        assert pending(session, ["t"]) == 0


@pytest.mark.parametrize("error", [RetryLaterError, ValueError])
def test_what_fails_is_tried_again_later(database: Database, error: type[Exception]) -> None:
    put(database, "bad", "good")
    hand = Hand("bad", error=error)
    work = worker(database, hand)
    work.run_once()
    assert hand.done == ["bad", "good"]  # one that fails does not stop the next
    row = rows(database)[0]
    assert (row.attempts, row.gave_up) == (1, False)
    assert row.last_error == ("not now" if error is RetryLaterError else "ValueError")
    assert work.run_once() == 0
    with clock.travelled(timedelta(seconds=PAUSES[0] + 1)):
        hand.fails.clear()
        work.run_once()
    assert hand.done == ["bad", "good", "bad"]
    assert rows(database) == []


def test_the_pauses_grow_and_then_it_is_given_up_and_kept(database: Database) -> None:
    put(database, "bad")
    hand = Hand("bad")
    work = worker(database, hand)
    passed = timedelta()
    for number, pause in enumerate(PAUSES):
        with clock.travelled(passed):
            work.run_once()
            assert len(hand.done) == number + 1
            due = rows(database)[0].due_at
            assert abs((due - clock.now()).total_seconds() - pause) < 5
        with clock.travelled(passed + timedelta(seconds=pause - 5)):
            assert work.run_once() == 0
        passed += timedelta(seconds=pause + 1)
    with clock.travelled(passed):
        work.run_once()
        row = rows(database)[0]
        assert (row.gave_up, row.attempts) == (True, len(PAUSES) + 1)
        with database.read() as session:
            assert pending(session, ["t"]) == 0
    with clock.travelled(passed + timedelta(days=30)):
        assert work.run_once() == 0


def test_work_for_later_waits(database: Database) -> None:
    with database.write() as session:
        enqueue(session, "t", {"name": "later"}, clock.now() + timedelta(hours=1))
    hand = Hand()
    work = worker(database, hand)
    assert work.run_once() == 0
    with clock.travelled(timedelta(hours=1, seconds=1)):
        assert work.run_once() == 1


def test_a_topic_nobody_handles_waits_too(database: Database) -> None:
    put(database, "x", topic="unknown")
    assert worker(database, Hand()).run_once() == 1
    assert rows(database)[0].last_error == "no handler for this topic"


def test_a_worker_that_died_is_stood_in_for(database: Database) -> None:
    """Taken but not done: the lease keeps it from others, and ends."""
    put(database, "a")
    dead, alive = Hand(), Hand()
    worker(database, dead)._take(10)
    assert worker(database, alive).run_once() == 0
    with clock.travelled(LEASE + timedelta(seconds=1)):
        assert worker(database, alive).run_once() == 1
    assert (dead.done, alive.done) == ([], ["a"])


def test_two_handlers_for_a_topic_are_a_mistake(database: Database) -> None:
    work = worker(database, Hand())
    with pytest.raises(ValueError, match="handler already"):
        work.handles("t", Hand())


def test_several_workers_share_without_doing_twice(database: Database) -> None:
    put(database, *(f"n{n}" for n in range(120)))
    done: list[str] = []
    start = threading.Barrier(4)

    def work() -> None:
        hand = Hand()
        mine = worker(database, hand)
        start.wait()
        while mine.run_once(limit=7):
            pass
        done.extend(hand.done)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until(lambda: not rows(database))
    assert sorted(done) == sorted(f"n{n}" for n in range(120))


@pytest.mark.servers
def test_rows_in_somebodys_hand_are_skipped_not_waited_for(postgresql_url: str) -> None:
    """FOR UPDATE SKIP LOCKED: a worker that is slow to take does not hold up the others."""
    database = Database(postgresql_url)
    put(database, "first", "second")
    hand = Hand()
    with database.write() as session:
        session.scalars(select(OutboxRow).order_by(OutboxRow.id).limit(1).with_for_update()).one()
        other = threading.Thread(target=worker(database, hand).run_once)
        other.start()
        other.join(timeout=10)
        assert not other.is_alive()
    assert hand.done == ["second"]
    database.close()


@pytest.mark.parametrize("live", ["memory", pytest.param("redis", marks=pytest.mark.servers)])
def test_the_loop_wakes_at_once(request: pytest.FixtureRequest, sqlite_url: str, live: str) -> None:
    url = "memory://" if live == "memory" else request.getfixturevalue("redis_url")
    database, bus = Database(sqlite_url), open_bus(url)
    hand = Hand()
    loop = Worker(database, bus, idle_seconds=3600)
    loop.handles("t", hand)
    loop.start()
    try:
        sender = loop if live == "memory" else Worker(database, open_bus(url))  # elsewhere, where there is an elsewhere
        for name in ("a", "b"):  # the first may be found by the look at the start
            put(database, name)
            until(lambda: (sender.wake(), hand.done[-1:] == [name])[1])  # noqa: B023
    finally:
        loop.stop()
        bus.close()
        database.close()


def test_the_loop_outlives_a_database_that_is_away(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(sqlite_url)
    hand = Hand()
    loop = Worker(database, MemoryBus(), idle_seconds=0.02)
    loop.handles("t", hand)
    away, take = threading.Event(), loop._take

    def shaky(limit: int, slow: bool | None = None) -> list[Job]:
        if not away.is_set():
            away.set()
            raise OSError("away")
        return take(limit, slow)

    monkeypatch.setattr(loop, "_take", shaky)
    put(database, "a")
    loop.start()
    try:
        until(lambda: hand.done == ["a"])
    finally:
        loop.stop()
        database.close()


def test_a_slow_receiver_does_not_hold_up_the_quick_lane(sqlite_url: str) -> None:
    """An app that does not answer must not delay what an open page waits for."""
    database = Database(sqlite_url)
    loop = Worker(database, MemoryBus(), idle_seconds=0.05)
    released, quick_done = threading.Event(), threading.Event()
    loop.handles("logout", lambda _job: (released.wait(20), None)[1], slow=True)
    loop.handles("page", lambda _job: quick_done.set())
    with database.write() as session:
        enqueue(session, "logout", {})
        enqueue(session, "page", {})
    loop.start()
    try:
        assert quick_done.wait(10)
        assert not released.is_set()
    finally:
        released.set()
        loop.stop()
        database.close()


def test_work_of_a_topic_is_done_together_and_one_broken_job_does_not_hold_up_the_rest(database: Database) -> None:
    worker, calls = Worker(database, MemoryBus()), list[list[int]]()

    def together(jobs: Sequence[Job]) -> None:
        numbers = [job.payload["n"] for job in jobs]
        calls.append(numbers)
        if 2 in numbers:
            raise ValueError

    worker.handles_together("numbers", together)
    with database.write() as session:
        for n in range(4):
            enqueue(session, "numbers", {"n": n})
    worker.run_once()
    assert calls == [[0, 1, 2, 3], [0], [1], [2], [3]]
    (left,) = rows(database)
    assert (left.payload, left.attempts, left.last_error) == ('{"n":2}', 1, "ValueError")


def test_waking_for_quick_work_leaves_the_slow_loop_alone(sqlite_url: str) -> None:
    worker = Worker(Database(sqlite_url), MemoryBus())
    worker.handles("quick", lambda job: None)
    worker.handles("slow", lambda job: None, slow=True)
    worker.wake("quick")
    assert [worker._wakes[slow].is_set() for slow in (False, True)] == [True, False]
    worker.wake("quick", "slow")
    assert worker._wakes[True].is_set()


def test_a_database_that_stays_empty_leaves_one_trace_not_one_a_round(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    loop = Worker(database, MemoryBus(), idle_seconds=0.02)
    failed = lambda: [one for one in caplog.records if one.getMessage() == "outbox round failed"]  # noqa: E731
    loop.start()
    try:
        until(lambda: len(failed()) >= 6)
    finally:
        loop.stop()
        database.close()
    assert 1 <= sum(bool(one.exc_info) for one in failed()) <= 2  # each of the two loops has its own
