"""The live server (`machi live`): event streams and two health pages over HTTP/1.1, one request to a connection, behind a proxy.

Standing connections are all it is about, so it is a protocol of asyncio's without a task for each: an open page costs a few KB. What it
refuses is closed at once; a reader that does not keep up, or is gone without a word, is dropped and comes back by itself.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter

from idp.front.live_logins import LiveLogin, cookie_digest, session_cookie
from idp.front.storage import Parts
from idp.front.web import is_the_doctor, without_mount

from . import wire
from .connection import Connection
from .gate import AwayError, BusyError, Gate
from .head import Head
from .hub import BEGIN, FullError, Hub

log = logging.getLogger("machi.live")

HEAD_SECONDS = 10.0
"""Until a connection's head is whole."""
UNADMITTED = 4000
"""Connections that have not said what they want yet, at most; the oldest goes. Who has is the gate's to limit."""
DOCTOR_SECONDS = 5.0
"""So long `machi doctor` may look at a stream."""


class NoStreamError(Exception):
    """A request gets no stream."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


class Server:
    """What the connections of this process share."""

    def __init__(self, parts: Parts, hub: Hub, gate: Gate) -> None:
        self.parts, self.hub, self.gate = parts, hub, gate
        self.cookie = session_cookie(parts.settings)
        self.waiting: dict[Connection, float] = {}
        """Those whose head is not whole yet, since when; oldest first."""
        self.refused: Counter[str] = Counter()
        self.draining = False
        self.port = 0
        self.open: set[Connection] = set()
        secure = parts.settings.secure
        self.fields = "X-Content-Type-Options: nosniff\r\nConnection: close\r\n" + (
            "Strict-Transport-Security: max-age=31536000\r\n" if secure else ""
        )

    async def idle(self, seconds: float) -> None:
        """Wait until what was sent last is gone, so long at most."""
        ends = time.monotonic() + seconds
        while self.open and time.monotonic() < ends:
            await asyncio.sleep(0.05)

    def connection(self) -> Connection:
        return Connection(self)

    def sweep(self) -> None:
        """Call every second or so: whoever takes too long over a head is cut off; refusals are noted, and then forgotten."""
        too_long = time.monotonic() - HEAD_SECONDS
        while self.waiting and (len(self.waiting) > UNADMITTED or next(iter(self.waiting.values())) < too_long):
            next(iter(self.waiting)).drop()
        self.gate.forget()
        if self.refused:
            log.info("refused: %s", ", ".join(f"{code} {count}" for code, count in self.refused.items()))
            self.refused.clear()

    async def answer(self, connection: Connection, head: Head) -> None:
        """What a request gets. A stream's connection stays with the hub."""
        path = without_mount(self.parts.settings.path, head.path)
        if head.method not in ("GET", "HEAD"):
            connection.refuse(405, "method_not_allowed")
        elif path == "/my/live":  # as stream.py has it, which is not loaded here
            await self._stream(connection, head)
        elif path == "/healthz":
            connection.finish(200, {"status": "ok"})
        elif path == "/readyz":
            await self._ready(connection)
        else:
            connection.refuse(404, "not_found")

    async def _stream(self, connection: Connection, head: Head) -> None:
        if is_the_doctor(self.parts.vault, head.fields.get("x-machi-doctor", "")):
            connection.stream(wire.STILL_HERE)
            asyncio.get_running_loop().call_later(DOCTOR_SECONDS, connection.end)
            return
        try:
            login = await self._login(head)
            if head.method == "HEAD":
                connection.stream(b"")
                connection.end()
            elif not connection.gone:
                after = head.fields.get("last-event-id") or head.value("after")
                connection.page = self.hub.admit(login.resident_id, login.session_id, connection, after)
        except NoStreamError as error:
            connection.refuse(error.status, error.code)
        except BusyError:
            connection.refuse(429, "too_many_streams")
        except (AwayError, FullError):
            connection.refuse(503, "no_stream_left")

    async def _login(self, head: Head) -> LiveLogin:
        """Whoever may have a stream. Raises what `_stream` knows."""
        # Browsers send the login's cookie from other hosts of the same site, too; a stream is for our own pages alone.
        if head.fields.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise NoStreamError(403, "other_origin")
        cookie = head.cookie(self.cookie)
        if not cookie:
            raise NoStreamError(401, "signed_out")
        if not self.hub.begun.is_set():
            await self.hub.beginning(BEGIN)
        if self.draining or not self.hub.hears:
            raise NoStreamError(503, "no_stream_left")
        digest = cookie_digest(cookie)
        self.gate.count(digest)
        login = await self.gate.login(digest)
        if login is None:
            raise NoStreamError(401, "signed_out")
        return login

    async def _ready(self, connection: Connection) -> None:
        report = await asyncio.get_running_loop().run_in_executor(None, self.parts.readiness.report)
        status, serves = ("draining", False) if self.draining else (report.status, report.serves)
        connection.finish(200 if serves else 503, {"status": status, "checks": report.checks, "pages": self.hub.used})
