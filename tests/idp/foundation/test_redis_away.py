"""Redis goes away and comes back: counting and signing in go on, listeners know that they missed something, all recovers by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from idp.foundation import limits as limits_module
from idp.foundation import live as live_module
from idp.foundation.limits import LimitExceededError, Limits
from idp.foundation.live import Bus, BusUnavailableError, Subscription, open_bus
from idp.foundation.settings import Settings
from tests.support.redis_servers import RedisServer
from tests.support.town import Town
from tests.support.waiting import until

pytestmark = pytest.mark.servers


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path).start()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits_module, "LOOK_AGAIN", 0.05)


def exhausted(limits: Limits, who: str) -> bool:
    try:
        limits.hit("2/hour", "what", who)
    except LimitExceededError:
        return True
    return False


def test_limits_are_kept_in_the_process_meanwhile(server: RedisServer) -> None:
    first, second = Limits(server.url), Limits(server.url)
    assert [exhausted(first, "a"), exhausted(second, "a"), exhausted(first, "a")] == [False, False, True]
    server.stop()
    # Not open to everybody: each counts for itself, and what is used up here stays so.
    assert [exhausted(first, "b") for _ in range(3)] == [False, False, True]
    assert [exhausted(second, "b") for _ in range(3)] == [False, False, True]
    server.start()
    until(lambda: not exhausted(first, "c") and server.client.dbsize() > 0)  # shared again
    while not exhausted(first, "d"):
        pass
    assert exhausted(second, "d")


def test_a_redis_that_never_was_stops_nobody() -> None:
    limits = Limits("redis+cluster://127.0.0.1:1,127.0.0.1:2")
    assert [exhausted(limits, "a") for _ in range(3)] == [False, False, True]
    with pytest.raises(BusUnavailableError), open_bus("redis://127.0.0.1:1/0").subscribe("a"):
        raise AssertionError


def is_lost(subscription: Subscription) -> bool:
    try:
        subscription.next(0.1)
    except BusUnavailableError:
        return True
    return False


def hears(bus: Bus, speaker: Bus) -> bool:
    try:
        with bus.subscribe("a") as subscription:
            speaker.publish("a", {"n": 1})
            return subscription.next(0.3) == {"n": 1}
    except BusUnavailableError:
        return False


@pytest.mark.parametrize("away", [RedisServer.stop, RedisServer.freeze], ids=["killed", "silent"])
def test_a_listener_is_told_that_it_may_have_missed_something(
    server: RedisServer, away: Callable[[RedisServer], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "QUIET", 0.3)
    bus, speaker = open_bus(server.url), open_bus(server.url)
    until(lambda: hears(bus, speaker))
    with bus.subscribe("a") as subscription:
        away(server)
        until(lambda: is_lost(subscription))
        with pytest.raises(BusUnavailableError):
            speaker.publish("a", {})
    server.stop()
    server.start()
    until(lambda: hears(bus, speaker))
    bus.close()
    speaker.close()


def test_a_quick_restart_is_not_mistaken_for_silence(server: RedisServer) -> None:
    """Were the connection made again by itself, what was said in between would be lost without a word."""
    bus = open_bus(server.url)
    with bus.subscribe("a") as subscription:
        server.stop()
        server.start()
        until(lambda: is_lost(subscription))
    bus.close()


def test_signing_in_goes_on_and_pages_look_by_themselves(server: RedisServer, sqlite_url: str) -> None:
    with Town(sqlite_url, server.url) as town:
        page, newcomer = town.signed_in(), town.browser()
        live = page.get("/my/live", buffered=False)
        assert live.status_code == 200
        stream = iter(live.response)
        assert b"hello" in next(stream)
        server.stop()
        until(lambda: b"event: deaf" in next(stream))  # the page looks by itself from now on
        assert page.get("/my/live").status_code == 503
        assert page.get("/my/").status_code == 200
        attempt = newcomer.get("/signin").location
        assert newcomer.post_json(f"{attempt}/passkey/options", {}).status_code == 200
        server.start()
        # Another Redis: what was said meanwhile is not known, so the page looks at everything.
        until(lambda: b'"in":' in next(stream))
        live.close()

        def streams() -> bool:
            answer = page.get("/my/live", buffered=False)
            answer.close()
            return answer.status_code == 200

        until(streams)


def test_sentinel_says_where_the_master_is(tmp_path: Path) -> None:
    master = RedisServer(tmp_path).start()
    replica = RedisServer(tmp_path, "--replicaof", "127.0.0.1", str(master.port)).start()
    sentinel = RedisServer(tmp_path, sentinel=True)
    conf = tmp_path / f"redis-{sentinel.port}" / "redis.conf"
    lines = [f"sentinel monitor live 127.0.0.1 {master.port} 1", "sentinel down-after-milliseconds live 300"]
    conf.write_text("\n".join([f"port {sentinel.port}", f"dir {tmp_path}", *lines, ""]))
    sentinel.start()
    url = f"redis+sentinel://127.0.0.1:{sentinel.port}/live"
    limits, bus, speaker = Limits(url), open_bus(url), open_bus(url)
    try:
        until(lambda: replica.client.info("replication")["master_link_status"] == "up")
        until(lambda: sentinel.client.sentinel_slaves("live"))
        limits.hit("9/hour", "a")
        assert master.client.dbsize() == 1
        until(lambda: hears(bus, speaker))
        master.stop()
        until(lambda: replica.client.info("replication")["role"] == "master", 30)
        until(lambda: hears(bus, speaker), 20)

        def counted() -> bool:
            replica.client.flushall()
            limits.hit("1000000/hour", "b")
            return replica.client.dbsize() == 1

        until(counted, 20)
    finally:
        for server in (sentinel, master, replica):
            server.stop()
        bus.close()
        speaker.close()


def test_a_cluster_of_one(tmp_path: Path) -> None:
    server = RedisServer(tmp_path, "--cluster-enabled", "yes").start()
    server.client.execute_command("CLUSTER ADDSLOTS", *range(16384))
    until(lambda: server.client.execute_command("CLUSTER INFO")["cluster_state"] == "ok")
    url = f"redis+cluster://127.0.0.1:{server.port}"
    first, second, bus, speaker = Limits(url), Limits(url), open_bus(url), open_bus(url)
    try:
        assert [exhausted(first, "a"), exhausted(second, "a"), exhausted(first, "a")] == [False, False, True]
        until(lambda: hears(bus, speaker))
        server.stop()
        assert not exhausted(first, "b")
        server.start()
        until(lambda: hears(bus, speaker), 20)
    finally:
        server.stop()
        bus.close()
        speaker.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost",
        "redis+sentinel://127.0.0.1:26379",
        "redis+sentinel://127.0.0.1/live",
        "redis+sentinel:///live",
        "redis+cluster://127.0.0.1:70000",
        "redis+cluster://127.0.0.1:7000,",
        "redis+cluster://",
    ],
)
def test_addresses_that_cannot_be(url: str) -> None:
    with pytest.raises(ValueError, match="must"):
        Settings(live_url=url)


@pytest.mark.parametrize(
    "url",
    [
        "redis+sentinel://user:p%40ss@a.example:26379,b.example:26379/live",
        "redis+cluster://:secret@a.example:7000,[::1]:7001",
        "rediss://a.example/0",
    ],
)
def test_addresses_that_can(url: str) -> None:
    assert Settings(live_url=url).live_url == url
