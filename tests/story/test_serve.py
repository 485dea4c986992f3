"""The server as it is started in production."""

from __future__ import annotations

import os
import signal
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import psutil
import pytest
import requests

from tests.support.server import free_port, running
from tests.support.waiting import until

pytestmark = pytest.mark.servers

THREADS = 16  # what `running` serves with


@pytest.mark.parametrize(
    "spoken", [b"", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"], ids=["silent", "kept-alive"]
)
def test_idle_connections_lock_nobody_out(sqlite_url: str, tmp_path: Path, spoken: bytes) -> None:
    with running(tmp_path / "log", free_port(), database_url=sqlite_url) as issuer, ExitStack() as stack:
        address = ("127.0.0.1", urlsplit(issuer).port or 0)
        for _ in range(THREADS * 4):
            connection = stack.enter_context(socket.create_connection(address, timeout=5))
            if spoken:
                connection.sendall(spoken)
                assert connection.recv(16)
        assert requests.get(f"{issuer}/healthz", timeout=5).status_code == 200


def server(log: Path) -> psutil.Process:
    """The main process of the server that writes `log`."""
    (found,) = (p for p in psutil.Process().children() if os.path.realpath(f"/proc/{p.pid}/fd/1") == str(log.resolve()))
    return found


def workers(log: Path) -> set[int]:
    """Its worker processes."""
    return {child.pid for child in server(log).children() if child.status() != psutil.STATUS_ZOMBIE}


def answers(issuer: str, path: str = "/healthz") -> int:
    try:
        return requests.get(f"{issuer}{path}", timeout=5).status_code
    except requests.ConnectionError:
        return 0


def test_a_worker_that_is_killed_is_replaced(sqlite_url: str, redis_url: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with running(log, free_port(), processes=2, database_url=sqlite_url, live_url=redis_url) as issuer:
        before = until(lambda: len(found := workers(log)) == 2 and found)
        killed = min(before)
        os.kill(killed, signal.SIGKILL)
        until(lambda: answers(issuer) == 200)  # the other one goes on
        after = until(lambda: len(found := workers(log)) == 2 and killed not in found and found, 30)
        assert max(before) in after
        until(lambda: all(answers(issuer) == 200 for _ in range(20)))  # and both serve


def test_sigterm_drains_first(sqlite_url: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with running(log, free_port(), drain=60, database_url=sqlite_url) as issuer:
        assert answers(issuer, "/readyz") == 503  # this schema bears no mark of the migrations
        main = server(log)
        main.send_signal(signal.SIGTERM)
        until(lambda: requests.get(f"{issuer}/readyz", timeout=5).json()["status"] == "draining")
        assert answers(issuer) == 200
        assert answers(issuer, "/signin") == 200  # requests are still answered
        main.send_signal(signal.SIGTERM)  # a second one does not wait
        assert main.wait(20) == 0
    for line in log.read_text(
        "utf-8"
    ).splitlines():  # the web server's own words, too, are JSON; and none is a warning about us
        assert orjson.loads(line)["logger"] != "_granian"


def test_connections_that_say_nothing_are_closed(sqlite_url: str, tmp_path: Path) -> None:
    with running(tmp_path / "log", free_port(), database_url=sqlite_url) as issuer, ExitStack() as stack:
        address = ("127.0.0.1", urlsplit(issuer).port or 0)
        said = [b"", b"GET /healthz HT", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"]
        connections = [stack.enter_context(socket.create_connection(address, timeout=40)) for _ in said]
        for connection, words in zip(connections, said, strict=True):
            connection.sendall(words)
        for connection in connections:
            while connection.recv(4096):  # until the other end closes; the time limit is the test's
                pass


class FromAddress(requests.adapters.HTTPAdapter):
    """Of this machine's own addresses, in another network than the crowd."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, source_address=("127.0.1.1", 0), **kwargs)


def test_bodies_that_never_end_hold_up_their_sender_only(sqlite_url: str, tmp_path: Path) -> None:
    head = b"POST /token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 99\r\n\r\na"
    with running(tmp_path / "log", free_port(), database_url=sqlite_url) as issuer:
        address, base = ("127.0.0.1", urlsplit(issuer).port or 0), issuer.replace("localhost", "127.0.0.1")

        def posts(session: requests.Session) -> requests.Response:
            return session.post(f"{base}/token", data={"grant_type": "client_credentials"}, timeout=20)

        with ExitStack() as crowd, requests.Session() as neighbour, requests.Session() as other:
            other.mount("http://", FromAddress())
            for _ in range(THREADS * 4):
                crowd.enter_context(socket.create_connection(address, timeout=5)).sendall(head)
            until(lambda: "Retry-After" in posts(neighbour).headers)
            assert posts(neighbour).status_code == 503
            for _ in range(5):
                assert neighbour.get(f"{base}/healthz", timeout=20).status_code == 200
                assert posts(other).status_code == 401
        with requests.Session() as neighbour:
            until(
                lambda: posts(neighbour).status_code == 401
            )  # and when they are gone, their address is as good as any
