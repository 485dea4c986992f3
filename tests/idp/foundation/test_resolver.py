"""Looking up names: whoever asks goes on when their time is over, and a name server that hangs takes few threads."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from idp.foundation.outbound import Bulkhead, Outbound, OutboundBusyError, OutboundError
from idp.foundation.resolver import LookupPendingError, Resolver, ResolverBusyError
from idp.foundation.settings import Settings
from tests.support.hostile import Hostile
from tests.support.waiting import until


class NameServer:
    """Names under `hangs.example` get no answer until `release`; `counted`: how often the system was asked for each."""

    def __init__(self) -> None:
        self.counted: list[str] = []
        self.released = threading.Event()
        self._resolve = socket.getaddrinfo

    def __call__(self, host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        if not host.endswith("hangs.example"):
            return self._resolve(host, port, *args, **kwargs)
        self.counted.append(host)
        assert self.released.wait(30)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    server = NameServer()
    monkeypatch.setattr(socket, "getaddrinfo", server)
    yield server
    server.released.set()


def test_the_time_is_over_and_the_answer_still_counts(server: NameServer) -> None:
    names = Resolver()
    with pytest.raises(LookupPendingError) as pending:
        names.addresses("hangs.example", 80, 0.01)
    with pytest.raises(LookupPendingError):
        names.addresses("hangs.example", 80, 0.01)
    assert server.counted == ["hangs.example"]  # one thread, however often it is asked for
    ended = threading.Event()
    pending.value.look_up.when_done(ended.set)
    assert not ended.is_set()
    server.released.set()
    assert ended.wait(10)
    pending.value.look_up.when_done(ended.clear)
    assert not ended.is_set()  # at once, as it is over
    until(lambda: not names._under_way)
    assert names.addresses("hangs.example", 80, 10) == {"127.0.0.1"}


def test_so_many_and_no_more(server: NameServer) -> None:
    names = Resolver(in_all=3)
    for number in range(3):
        with pytest.raises(LookupPendingError):
            names.addresses(f"n{number}.hangs.example", 80, 0.01)
    with pytest.raises(ResolverBusyError):
        names.addresses("n4.hangs.example", 80, 10)
    assert names.addresses("127.0.0.1", 80, 0) == {"127.0.0.1"}  # an address is no name
    server.released.set()
    until(lambda: not names._under_way)
    assert names.addresses("localhost", 80, 10)


def test_what_is_no_name(server: NameServer) -> None:
    for host in ("x" * 64 + ".example", "no-such-name.invalid", "a..b"):
        assert Resolver().addresses(host, 80, 10) == frozenset()


def test_a_call_ends_while_its_look_up_hangs(server: NameServer) -> None:
    """And goes on counting in its room: else a site could take a thread with each call that is over."""
    outbound, room = Outbound(Settings(demo=True, outbound_loopback=True)), Bulkhead(in_all=2, to_one_host=1)
    with pytest.raises(OutboundError, match="does not resolve in time"):
        outbound.get("http://hangs.example/", room, timeout=0.05)
    with pytest.raises(OutboundBusyError):
        outbound.get("http://hangs.example/", room, timeout=0.05)
    with Hostile() as other:
        assert outbound.get(other.url + "/good", room).status == 200
    server.released.set()
    until(lambda: not room._under_way)


def test_a_post_ends_too(server: NameServer) -> None:
    outbound = Outbound(Settings(demo=True, outbound_loopback=True))
    with pytest.raises(OutboundError, match="does not resolve in time"):
        outbound.post("http://hangs.example/", b"", "text/plain", timeout=0.05)
