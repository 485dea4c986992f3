"""The guarded HTTP client: whatever address an app supplies, only public places are reached, and none for long."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from flask import Flask, Response, request

from idp.foundation.outbound import Bulkhead, HttpAnswer, Outbound, OutboundError
from idp.foundation.settings import Settings
from tests.support.server import free_port
from tests.support.serving import Served

strict = Outbound(Settings())
loopback = Outbound(Settings(outbound_loopback=True))


@pytest.fixture(scope="module")
def place() -> Iterator[Served]:
    app = Flask("place")
    app.add_url_rule("/ok", "ok", view_func=lambda: Response("fine", content_type="Text/Plain; charset=utf-8"))
    app.add_url_rule("/moved", "moved", view_func=lambda: Response(status=302, headers={"Location": "/ok"}))
    app.add_url_rule("/large", "large", view_func=lambda: Response(b"x" * 100_000))
    app.add_url_rule("/endless", "endless", view_func=lambda: Response(b"x" * 1000 for _ in range(10**6)))
    app.add_url_rule(
        "/echo",
        "echo",
        view_func=lambda: Response(request.get_data() + request.headers["Host"].encode()),
        methods=["POST"],
    )
    served = Served(app, free_port())
    yield served
    served.stop()


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f.0.0.1/",
        "https://0.0.0.0/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::127.0.0.1]/",
        "https://[2002:7f00:1::1]/",
        "https://10.0.0.1/",
        "https://172.16.0.1/",
        "https://192.168.1.1/",
        "https://100.64.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[fe80::1]/",
        "https://[fe80::1%25lo]/",
        "https://[fc00::1]/",
        "https://[fec0::1]/",
        "https://224.0.0.1/",
        "https://[ff02::1]/",
        "https://255.255.255.255/",
        "https://198.18.0.1/",
        "https://192.0.2.1/",
        "https://localhost/",
        "https://localhost./",
    ],
)
def test_places_that_are_not_public(url: str) -> None:
    with pytest.raises(OutboundError, match=r"not public|does not resolve"):
        strict.check(url)
    with pytest.raises(OutboundError):
        strict.get(url, Bulkhead())


@pytest.mark.parametrize(
    "url",
    ["", "nonsense", "//127.0.0.1/", "ftp://example.com/", "file:///etc/passwd", "gopher://127.0.0.1/", "https://",
     "https://user@example.com/", "https://:pw@example.com/", "https://[::1", "https://example.com:port/",
     "https://example.com:99999/", "https://" + "a" * 300 + ".example/", "https://\u3042\u3002example/", "https://a..b/",
     "https://exa mple.com/", "https://example.com\r\nX-Evil: 1/", "javascript:alert(1)"],
)  # fmt: skip
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(OutboundError):
        strict.get(url, Bulkhead())
    with pytest.raises(OutboundError):
        loopback.get(url, Bulkhead())


def test_a_name_that_leads_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS says 127.0.0.1, or one public address and one private: both are refused."""
    resolve = socket.getaddrinfo

    def fake(host: str, port: int, *args: object, **kwargs: object) -> object:
        inside = {
            "inside.example": ["127.0.0.1"],
            "both.example": ["93.184.215.14", "10.0.0.1"],
            "six.example": ["::ffff:10.0.0.1"],
        }
        if host in inside:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in inside[host]]
        return resolve(host, port, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", fake)
    for name in ("inside.example", "both.example", "six.example"):
        with pytest.raises(OutboundError, match="not public"):
            strict.get(f"https://{name}/", Bulkhead())


def test_a_name_is_resolved_once(place: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: the connection goes to the address that was checked, not to what the name says a moment later."""
    answers = ["127.0.0.1", "127.0.0.2"]
    asked: list[str] = []
    resolve = socket.getaddrinfo

    def fake(host: str, port: int, *args: object, **kwargs: object) -> object:
        if host != "rebind.example":
            return resolve(host, port, *args, **kwargs)  # type: ignore[arg-type]
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers[len(asked) - 1], port))]

    monkeypatch.setattr(socket, "getaddrinfo", fake)
    answer = loopback.post(f"http://rebind.example:{place.port}/echo", b"hello ", "text/plain")
    assert answer.body == f"hello rebind.example:{place.port}".encode()
    assert asked == ["rebind.example"]


def test_an_answer(place: Served) -> None:
    assert loopback.get(f"{place.url}/ok", Bulkhead()) == HttpAnswer(200, "text/plain", b"fine")


def test_plain_http_only_to_places_on_the_list(place: Served) -> None:
    with pytest.raises(OutboundError, match="plain http"):
        strict.get(f"{place.url}/ok", Bulkhead())
    listed = Outbound(Settings(outbound_allow="127.0.0.0/8 ::1/128"))
    assert listed.get(f"{place.url}/ok", Bulkhead()).status == 200
    with pytest.raises(OutboundError):
        loopback.get("http://10.0.0.1/", Bulkhead())


def test_a_redirect_is_an_answer_not_a_way(place: Served) -> None:
    answer = loopback.get(f"{place.url}/moved", Bulkhead())
    assert (answer.status, answer.body) == (302, b"")


def test_too_large(place: Served) -> None:
    for path in ("large", "endless"):
        with pytest.raises(OutboundError, match="too large"):
            loopback.get(f"{place.url}/{path}", Bulkhead())
    assert len(loopback.get(f"{place.url}/large", Bulkhead(), max_bytes=200_000).body) == 100_000


def raw_server(handle: Callable[[socket.socket], None]) -> tuple[int, Callable[[], None]]:
    """A socket that behaves badly for one caller."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        try:
            connection, _ = listening.accept()
            with connection:
                handle(connection)
        except OSError:
            pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return listening.getsockname()[1], lambda: (listening.close(), thread.join(5))[1]  # type: ignore[func-returns-value]


PACE = threading.Event()


def silent(connection: socket.socket) -> None:
    connection.recv(1000)
    connection.recv(1)  # until the caller has given up


def dripping_body(connection: socket.socket) -> None:
    connection.recv(1000)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    while not PACE.wait(0.1):  # until the caller hangs up
        connection.sendall(b"x")


def dripping_head(connection: socket.socket) -> None:
    connection.recv(1000)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while not PACE.wait(0.1):
        connection.sendall(b"X-More: y\r\n")


def garbage(connection: socket.socket) -> None:
    connection.recv(1000)
    connection.sendall(b"\x00\xff garbage\r\n\r\n")


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [(silent, "in time"), (dripping_body, "in time"), (dripping_head, "in time"), (garbage, "no answer")],
)
def test_a_place_that_behaves_badly(behaviour: Callable[[socket.socket], None], said: str) -> None:
    """The time limit is for the whole call: a byte now and then, for ever, does not prolong it."""
    port, close = raw_server(behaviour)
    try:
        with pytest.raises(OutboundError, match=said):
            loopback.get(f"http://127.0.0.1:{port}/", Bulkhead(), timeout=0.5)
    finally:
        close()


def test_nobody_there() -> None:
    with pytest.raises(OutboundError, match="no answer"):
        loopback.get(f"http://127.0.0.1:{free_port()}/", Bulkhead())


def test_tls_is_checked_against_the_name(place: Served) -> None:
    with pytest.raises(OutboundError, match="no answer"):
        loopback.get(f"https://localhost:{place.port}/ok", Bulkhead())


def test_errors_tell_no_secret(place: Served) -> None:
    with pytest.raises(OutboundError) as caught:
        strict.get("https://127.0.0.1/?token=secret", Bulkhead())
    assert "secret" not in str(caught.value)
