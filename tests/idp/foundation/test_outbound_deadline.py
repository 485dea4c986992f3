"""The guarded client's deadline is for the whole call, whatever the other side does."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from idp.foundation.outbound import Outbound, OutboundError
from idp.foundation.settings import Settings
from tests.support.hostile import Hostile


@pytest.fixture
def hostile() -> Iterator[Hostile]:
    with Hostile() as server:
        yield server


@pytest.fixture
def outbound() -> Outbound:
    return Outbound(Settings(demo=True, outbound_loopback=True))


@pytest.mark.parametrize("path", ["/drip-headers", "/drip-body", "/silence"])
def test_a_slow_answer_is_cut_off(hostile: Hostile, outbound: Outbound, path: str) -> None:
    begun = time.monotonic()
    with pytest.raises(OutboundError):
        outbound.get(hostile.url + path, timeout=0.6)
    assert time.monotonic() - begun < 2.5


def test_a_huge_answer_is_not_read_to_its_end(hostile: Hostile, outbound: Outbound) -> None:
    with pytest.raises(OutboundError, match="too large"):
        outbound.get(hostile.url + "/huge", max_bytes=65536)
    assert hostile.sent < 9 * 1024 * 1024


def test_a_redirect_is_not_followed(hostile: Hostile, outbound: Outbound) -> None:
    assert outbound.get(hostile.url + "/redirect").status == 302
    assert "/good" not in hostile.asked


def test_a_good_answer_arrives(hostile: Hostile, outbound: Outbound) -> None:
    answer = outbound.get(hostile.url + "/good")
    assert (answer.status, answer.content_type, answer.body) == (200, "application/json", b'{"keys": []}')


def test_a_private_address_is_not_called(hostile: Hostile) -> None:
    guarded = Outbound(Settings(demo=True))
    for url in (hostile.url + "/good", "https://127.0.0.1/x", "https://10.0.0.1/x", "https://169.254.169.254/latest",
                "https://[::1]/x", "https://localhost/x", "file:///etc/passwd", "https://u@example.com/"):  # fmt: skip
        with pytest.raises(OutboundError):
            guarded.get(url)
    assert hostile.asked == []
