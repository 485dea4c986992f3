"""The live bus: within a process by memory, between processes by Redis."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from idp.foundation.live import Bus, MemoryBus, RedisBus, Subscription, open_bus, quietly
from tests.support.waiting import until

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.servers)])
def bus(request: pytest.FixtureRequest) -> Iterator[Bus]:
    bus = open_bus("memory://" if request.param == "memory" else request.getfixturevalue("redis_url"))
    yield bus
    bus.close()


def heard(bus: Bus, subscription: Subscription, channel: str) -> dict[str, object]:
    """Publish until it arrives: a subscription takes a moment to reach the server."""
    return until(lambda: (bus.publish(channel, {"n": 1}), subscription.next(0.2))[1])  # type: ignore[func-returns-value]


def test_a_subscriber_hears_its_channel_only(bus: Bus) -> None:
    with bus.subscribe("a") as first, bus.subscribe("b") as second:
        assert heard(bus, first, "a") == {"n": 1}
        assert heard(bus, second, "b") == {"n": 1}
        bus.publish("c", {"n": 2})
        assert second.next(0.1) in (None, {"n": 1})


def test_every_subscriber_hears(bus: Bus) -> None:
    with bus.subscribe("a") as first, bus.subscribe("a") as second:
        assert heard(bus, first, "a")
        assert heard(bus, second, "a")


def test_after_the_end_nothing_is_kept(bus: Bus) -> None:
    with bus.subscribe("a") as subscription:
        heard(bus, subscription, "a")
    bus.publish("a", {"n": 2})
    assert getattr(bus, "_local", bus)._channels == {}  # type: ignore[attr-defined]


def test_waiting_ends(bus: Bus) -> None:
    with bus.subscribe("a") as subscription:
        assert subscription.next(0.1) is None


def test_a_slow_reader_loses_the_oldest_not_the_newest() -> None:
    bus = MemoryBus()
    with bus.subscribe("a") as subscription:
        for n in range(1000):
            bus.publish("a", {"n": n})
        found = []
        while (message := subscription.next(0.01)) is not None:
            found.append(message["n"])
    assert len(found) <= 256
    assert found[-1] == 999


def test_many_at_once(bus: Bus) -> None:
    with bus.subscribe("a") as subscription:
        heard(bus, subscription, "a")
        threads = [threading.Thread(target=lambda: [bus.publish("a", {"n": 2}) for _ in range(20)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        got = 0
        while (message := subscription.next(1.0)) is not None:
            got += message["n"] == 2
            if got == 80:
                break
    assert got == 80


@pytest.mark.servers
def test_between_processes(redis_url: str) -> None:
    code = (
        "import sys; from idp.foundation.live import open_bus\n"
        "bus = open_bus(sys.argv[1])\n"
        "with bus.subscribe('to-child') as s:\n"
        "    print('ready', flush=True)\n"
        "    while True:\n"
        "        m = s.next(20)\n"
        "        bus.publish('to-parent', {'echo': m})\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code, redis_url], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    bus = open_bus(redis_url)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        with bus.subscribe("to-parent") as subscription:
            answer = until(lambda: (bus.publish("to-child", {"n": 1}), subscription.next(0.3))[1])  # type: ignore[func-returns-value]
        assert answer == {"echo": {"n": 1}}
    finally:
        child.kill()
        child.wait()
        bus.close()


def test_a_bus_that_is_down_does_not_undo_what_is_done() -> None:
    bus = RedisBus("redis://127.0.0.1:1/0")
    assert quietly(lambda: bus.publish("a", {})) is False
    bus.close()
