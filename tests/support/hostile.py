"""A server that behaves badly: drips, floods, redirects, lies about types. Speaks raw HTTP/1.1 on a socket."""

from __future__ import annotations

import json
import socket
import threading
from types import TracebackType
from typing import Any

GOOD: dict[str, Any] = {"keys": []}


class Hostile:
    """`url` of the server; `asked`: the paths that were asked for; `sent`: bytes of `/huge` that left; `keys`: what `/good` serves."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.keys: dict[str, Any] = GOOD
        self.asked: list[str] = []
        self.sent = 0
        self._over = threading.Event()

    def __enter__(self) -> Hostile:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._socket.close()

    def let_go(self) -> None:
        """End all that hangs or drips."""
        self._over.set()

    def _serve(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            try:
                path = connection.recv(65536).split(b" ")[1].decode().partition("?")[0]
                self.asked.append(path)
                getattr(self, "_" + path.strip("/").replace("-", "_"))(connection)
            except (OSError, IndexError, AttributeError):
                return

    def _drip(self, connection: socket.socket, text: bytes) -> None:
        for byte in text:
            if self._over.wait(0.1):
                raise OSError
            connection.sendall(bytes([byte]))

    def _plain(
        self, connection: socket.socket, body: bytes, kind: str = "application/json", status: str = "200 OK"
    ) -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
        connection.sendall(head.encode() + b"\r\n" + body)

    def _good(self, connection: socket.socket) -> None:
        self._plain(connection, json.dumps(self.keys).encode())

    def _html(self, connection: socket.socket) -> None:
        self._plain(connection, json.dumps(self.keys).encode(), "text/html")

    def _nonsense(self, connection: socket.socket) -> None:
        self._plain(connection, b"{not json")

    def _list(self, connection: socket.socket) -> None:
        self._plain(connection, b"[1, 2]")

    def _down(self, connection: socket.socket) -> None:
        self._plain(connection, b"{}", status="503 Away")

    def _redirect(self, connection: socket.socket) -> None:
        head = f"HTTP/1.1 302 Found\r\nLocation: {self.url}/good\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())

    def _drip_headers(self, connection: socket.socket) -> None:
        self._drip(connection, b"HTTP/1.1 200 OK\r\n" + b"X-More: and more\r\n" * 100)

    def _drip_body(self, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")
        while True:  # until the other side has had enough
            self._drip(connection, b" ")

    def _silence(self, connection: socket.socket) -> None:
        self._over.wait()

    def _huge(self, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")
        for _ in range(160):  # 10 MB
            self.sent += connection.send(b" " * 65536)
