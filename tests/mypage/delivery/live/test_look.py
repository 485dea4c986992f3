"""What the doctor says about open pages, looking from outside."""

from __future__ import annotations

import socket

import pytest

from mypage.delivery.live import look as look_module
from mypage.delivery.live.look import look_at_stream
from tests.mypage.city import City
from tests.mypage.delivery.live.pages import LiveServer


def seen(city: City, port: int) -> tuple[str, str]:
    ((name, state, sentence),) = look_at_stream(city.app, f"http://127.0.0.1:{port}")
    assert name == "live stream"
    return state, sentence


def test_a_live_server_that_speaks_at_once(small_city: City):
    server = LiveServer(small_city.app)
    assert seen(small_city, server.port)[0] == "ok"
    assert server.hub.used == 0
    server.close()


def test_a_proxy_that_keeps_what_is_said_or_has_nobody_behind_it(small_city: City, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(look_module, "DOCTOR_SECONDS", 1.1)
    with socket.create_server(("127.0.0.1", 0)) as keeps:
        state, sentence = seen(small_city, keeps.getsockname()[1])
        assert state == "FAIL"
        assert "buffering" in sentence
        gone = keeps.getsockname()[1]
    assert seen(small_city, gone)[0] == "FAIL"


def test_a_doctors_word_that_is_made_up_opens_nothing(small_city: City):
    server = LiveServer(small_city.app)
    with socket.create_connection(("127.0.0.1", server.port), 10) as line:
        line.sendall(b"GET /my/live HTTP/1.1\r\nX-Machi-Doctor: 1790000000.AAAA\r\n\r\n")
        assert line.recv(12).endswith(b"401")
    server.close()
