"""One connection of the live server: a head, then a stream or a refusal."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

import orjson

from .head import END, MOST, Head, HeadError, read_head

if TYPE_CHECKING:
    from .hub import Page
    from .server import Server

log = logging.getLogger("machi.live")

BEHIND = 64 * 1024
"""Bytes that wait for a reader; more, and it is dropped."""
SILENT_MS = 30_000
"""Without a word from the reader's machine about what it was sent."""
SEND_BUFFER = 16 * 1024
STREAM_FIELDS = (
    "Content-Type: text/event-stream\r\nCache-Control: no-store\r\nX-Accel-Buffering: no\r\nX-Machi-Live: server\r\n"
)
RETRY_AFTER = {429: 10, 503: 30}


class Connection(asyncio.Protocol):
    """One connection: a head, then a stream or a refusal. The hub's outlet."""

    __slots__ = ("_answering", "_head", "_only_head", "_server", "_streaming", "_transport", "page")

    def __init__(self, server: Server) -> None:
        self._server = server
        self._head: bytes | None = b""
        self._transport: asyncio.Transport | None = None
        self._answering: asyncio.Task[None] | None = None
        self._streaming = self._only_head = False
        self.page: Page | None = None

    @property
    def gone(self) -> bool:
        return self._transport is None or self._transport.is_closing()

    # the transport's side ---------------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._server.open.add(self)
        self._server.waiting[self] = time.monotonic()
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        if hasattr(socket, "TCP_USER_TIMEOUT") and sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENT_MS)

    def data_received(self, data: bytes) -> None:
        if self._head is None:
            return  # nothing more is expected, and nothing is kept
        self._head += data
        end = self._head.find(END)
        if end >= 0:
            raw, self._head = self._head[:end], None
            self._server.waiting.pop(self, None)
            self._begin(raw)
        elif len(self._head) > MOST:
            self._head = None
            self.refuse(431, "head_too_large")

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.open.discard(self)
        self._server.waiting.pop(self, None)
        self._transport = self._answering = None
        if self.page is not None:
            self._server.hub.leave(self.page)
            self.page = None

    # answers ----------------------------------------------------------------------------------------------------------------------

    def _begin(self, raw: bytes) -> None:
        try:
            head = read_head(raw)
        except (HeadError, ValueError):
            self.refuse(400, "bad_request")
            return
        self._only_head = head.method == "HEAD"
        self._answering = asyncio.get_running_loop().create_task(self._answer(head))

    async def _answer(self, head: Head) -> None:
        try:
            await self._server.answer(self, head)
        except Exception:
            log.exception("a request could not be answered")
            self.refuse(500, "error")
        finally:
            self._answering = None

    def stream(self, data: bytes) -> None:
        """Begin a stream with `data`."""
        self._streaming = True
        self._write(200, STREAM_FIELDS, data)

    def finish(self, status: int, body: dict[str, object], kind: str = "application/json", more: str = "") -> None:
        """The whole answer."""
        raw = orjson.dumps(body)
        fields = f"Content-Type: {kind}\r\nContent-Length: {len(raw)}\r\nCache-Control: no-store\r\n{more}"
        self._write(status, fields, raw)
        self.end()

    def refuse(self, status: int, code: str) -> None:
        """A problem (RFC 9457)."""
        self._server.refused[code] += 1
        more = f"Retry-After: {RETRY_AFTER[status]}\r\n" if status in RETRY_AFTER else ""
        if status == 405:
            more = "Allow: GET, HEAD\r\n"
        body: dict[str, object] = {"type": f"urn:machi:problem:{code}", "title": code, "status": status}
        self.finish(status, body, "application/problem+json", more)

    def _write(self, status: int, fields: str, data: bytes) -> None:
        self._server.waiting.pop(self, None)
        if not self.gone and self._transport is not None:
            line = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
            self._transport.write(
                f"{line}{fields}{self._server.fields}\r\n".encode() + (b"" if self._only_head else data)
            )

    # the hub's side ---------------------------------------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        if not self._streaming:
            self.stream(data)
        elif self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)
            if self._transport.get_write_buffer_size() > BEHIND:
                self.drop()

    def end(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def drop(self) -> None:
        """At once, whatever waits."""
        self._server.waiting.pop(self, None)
        if self._transport is not None:
            self._transport.abort()
