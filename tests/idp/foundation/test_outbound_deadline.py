"""The guarded client's deadline is for the whole call, whatever the other side does."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from idp.foundation.outbound import Bulkhead, Outbound, OutboundBusyError, OutboundError
from idp.foundation.settings import Settings
from tests.support.hostile import Hostile
from tests.support.waiting import until


@pytest.fixture
def hostile() -> Iterator[Hostile]:
    with Hostile() as server:
        yield server


@pytest.fixture
def outbound() -> Outbound:
    return Outbound(Settings(demo=True, outbound_loopback=True))


@pytest.mark.parametrize("path", ["/drip-headers", "/drip-body", "/silence"])
def test_a_slow_answer_is_cut_off(hostile: Hostile, outbound: Outbound, path: str) -> None:
    with pytest.raises(OutboundError, match="in time"):
        outbound.get(hostile.url + path, Bulkhead(), timeout=0.6)


def test_a_huge_answer_is_not_read_to_its_end(hostile: Hostile, outbound: Outbound) -> None:
    with pytest.raises(OutboundError, match="too large"):
        outbound.get(hostile.url + "/huge", Bulkhead(), max_bytes=65536)
    assert hostile.sent < 9 * 1024 * 1024


def test_a_redirect_is_not_followed(hostile: Hostile, outbound: Outbound) -> None:
    assert outbound.get(hostile.url + "/redirect", Bulkhead()).status == 302
    assert "/good" not in hostile.asked


def test_a_good_answer_arrives(hostile: Hostile, outbound: Outbound) -> None:
    answer = outbound.get(hostile.url + "/good", Bulkhead())
    assert (answer.status, answer.content_type, answer.body) == (200, "application/json", b'{"keys": []}')


def test_a_private_address_is_not_called(hostile: Hostile) -> None:
    guarded = Outbound(Settings(demo=True))
    for url in (hostile.url + "/good", "https://127.0.0.1/x", "https://10.0.0.1/x", "https://169.254.169.254/latest",
                "https://[::1]/x", "https://localhost/x", "file:///etc/passwd", "https://u@example.com/"):  # fmt: skip
        with pytest.raises(OutboundError):
            guarded.get(url, Bulkhead())
    assert hostile.asked == []


def test_a_host_that_hangs_holds_up_a_few_calls_only(hostile: Hostile, outbound: Outbound) -> None:
    bulkhead, told = Bulkhead(in_all=3, to_one_host=2), list[str]()

    def ask(host: str) -> None:
        with pytest.raises(OutboundError) as caught:
            outbound.get(hostile.url.replace("127.0.0.1", host) + "/silence", bulkhead, timeout=3600.0)
        told.append(str(caught.value))

    threads = [threading.Thread(target=ask, args=("127.0.0.1",)) for _ in range(2)]
    for thread in threads:
        thread.start()
    until(lambda: len(hostile.asked) == 2)
    with pytest.raises(OutboundBusyError):
        outbound.get(hostile.url + "/good", bulkhead)  # the same host
    elsewhere = hostile.url.replace("127.0.0.1", "localhost")
    assert outbound.get(elsewhere + "/good", bulkhead).status == 200
    assert outbound.get(hostile.url + "/good", Bulkhead()).status == 200  # another kind of call
    with bulkhead.held("third.example"), pytest.raises(OutboundBusyError):
        outbound.get(elsewhere + "/good", bulkhead)  # three in all
    assert told == []
    hostile.let_go()
    for thread in threads:
        thread.join(30)
    assert len(told) == 2
    assert outbound.get(hostile.url + "/good", bulkhead).status == 200  # room again, and nothing is kept of the past
    assert not bulkhead._under_way
