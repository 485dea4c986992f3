"""The server as it is started in production."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.support.server import free_port, running

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
