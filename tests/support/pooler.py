"""A pooler as unkind as one may be: each transaction runs on another connection of the server, whose session is emptied after it."""

from __future__ import annotations

import queue
import secrets
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import parse_qs, urlsplit

SERVERS = 4
# PostgreSQL, "Message Formats": SSLRequest, GSSENCRequest.
ASKS_FOR_ENCRYPTION = (80877103, 80877104)


class _Wire:
    """One connection, message by message: type, and the whole message with it."""

    def __init__(self, place: socket.socket) -> None:
        self.socket = place
        self._file = place.makefile("rb")

    def start(self) -> bytes:
        """The first message, which has no type."""
        length = struct.unpack("!I", self._exactly(4))[0]
        return self._exactly(length - 4)

    def next(self) -> tuple[bytes, bytes]:
        head = self._exactly(5)
        return head[:1], head + self._exactly(struct.unpack("!I", head[1:])[0] - 4)

    def until_ready(self) -> tuple[bytes, bytes]:
        """All messages up to ReadyForQuery, and what that says of the transaction."""
        found = b""
        while True:
            kind, message = self.next()
            found += message
            if kind == b"Z":
                return found, message[5:]

    def query(self, sql: str) -> None:
        self.socket.sendall(message_of(b"Q", sql.encode() + b"\0"))
        self.until_ready()

    def _exactly(self, size: int) -> bytes:
        found = self._file.read(size)
        if len(found) < size:
            raise EOFError
        return found


def message_of(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


class Pooler:
    """In front of the server of `url` (a Unix socket, no password); `url` is the pooler's own."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._place = f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432"
        self._login = b"user\0postgres\0database\0" + parts.path[1:].encode() + b"\0\0"
        self._free: queue.Queue[_Wire] = queue.Queue()
        self._open: list[socket.socket] = []
        greetings = [self._connect() for _ in range(SERVERS)]
        self._greeting = greetings[0]
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"postgresql://postgres@127.0.0.1:{self._listener.getsockname()[1]}{parts.path}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _connect(self) -> bytes:
        place = socket.socket(socket.AF_UNIX)
        place.connect(self._place)
        self._open.append(place)
        wire = _Wire(place)
        place.sendall(struct.pack("!II", len(self._login) + 8, 196608) + self._login)
        greeting = b""
        while (message := wire.next())[0] != b"Z":
            greeting += message[1] if message[0] in (b"R", b"S") else b""
        self._free.put(wire)
        return greeting

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._open.append(client)
                threading.Thread(target=self._serve, args=(_Wire(client),), daemon=True).start()

    def _serve(self, client: _Wire) -> None:
        with suppress(EOFError, OSError):
            while struct.unpack("!I", client.start()[:4])[0] in ASKS_FOR_ENCRYPTION:
                client.socket.sendall(b"N")
            own_number = message_of(b"K", secrets.token_bytes(8))
            client.socket.sendall(self._greeting + own_number + message_of(b"Z", b"I"))
            server: _Wire | None = None
            waiting = b""
            while True:
                kind, message = client.next()
                waiting += message
                if kind not in (b"Q", b"S"):
                    continue
                server = server or self._free.get(timeout=20)
                server.socket.sendall(waiting)
                waiting = b""
                answer, state = server.until_ready()
                if state == b"I":
                    server.query("DISCARD ALL")
                    self._free.put(server)
                    server = None
                client.socket.sendall(answer)

    def close(self) -> None:
        self._listener.close()
        for place in self._open:
            place.close()


@contextmanager
def pooled(url: str) -> Iterator[str]:
    pooler = Pooler(url)
    try:
        yield pooler.url
    finally:
        pooler.close()
