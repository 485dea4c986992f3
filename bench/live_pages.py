"""Very many open pages, as `live.js` behaves, in a process of their own; `bench/live.py` reads what they heard.

Commands on standard input, one JSON array a line; each is answered with one JSON value on a line.
"""

from __future__ import annotations

import asyncio
import random
import resource
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import orjson

OPENING = 200
FIRST_PAUSE, LONGEST_PAUSE = 4.0, 30.0


class Page(asyncio.Protocol):
    """One page: opens, hears, comes back."""

    __slots__ = ("after", "back", "crowd", "last", "lost_at", "number", "open_at", "transport")

    def __init__(self, crowd: Crowd, number: int) -> None:
        self.crowd, self.number = crowd, number
        self.after, self.last = "", b""
        self.back = False
        """It was told when to come back, or not to."""
        self.lost_at = 0.0
        self.open_at = 0.0
        self.transport: asyncio.Transport | None = None

    async def open(self) -> None:
        crowd = self.crowd
        try:
            await crowd.loop.create_connection(lambda: self, "127.0.0.1", crowd.port)
        except OSError:
            self._again()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        after = f"?after={self.after}" if self.after else ""
        cookie = self.crowd.cookies[self.number]
        transport.write(
            f"GET /my/live{after} HTTP/1.1\r\nHost: localhost\r\nCookie: machi_session={cookie}\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        *blocks, self.last = (self.last + data).split(b"\n\n")
        for block in blocks:
            self._hear(block)

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport, self.last = None, b""
        if self.open_at:
            self.open_at = 0.0
            self.crowd.open -= 1
        if self.crowd.comes_back and not self.back:
            self._again()

    def _hear(self, block: bytes) -> None:
        fields = dict(line.split(b": ", 1) for line in block.split(b"\n") if b": " in line)
        name = fields.get(b"event", b"")
        if b"id" in fields:
            self.after = fields[b"id"].decode()
        if name in (b"beat", b""):
            return
        now = time.monotonic()
        if name == b"hello":
            self.crowd.open += not self.open_at  # it may be greeted again where it is
            self.open_at, self.lost_at = now, 0.0
        elif name == b"back":
            self.back = True  # the end of the connection is no failure
            wait = orjson.loads(fields[b"data"])["in"] / 1000
            self.crowd.loop.call_later(wait, self._open_again)
        elif name == b"ended":
            self.back = True
        self.crowd.heard.append((self.number, name.decode(), now, fields.get(b"data", b"").decode()))

    def _again(self) -> None:
        now = time.monotonic()
        self.lost_at = self.lost_at or now
        longest = min(LONGEST_PAUSE, max(FIRST_PAUSE, now - self.lost_at))
        self.crowd.loop.call_later(longest * (0.1 + 0.9 * random.random()), self._open_again)

    def _open_again(self) -> None:
        self.back = False
        self.crowd.spawn(self.open())


class Crowd:
    def __init__(self, port: int, cookies: list[str]) -> None:
        self.port, self.cookies = port, cookies
        self.loop = asyncio.get_running_loop()
        self.open = 0
        self.comes_back = True
        self.heard: list[tuple[int, str, float, str]] = []
        self.pages = [Page(self, number) for number in range(len(cookies))]
        self._tasks: set[Any] = set()

    def spawn(self, work: Any) -> None:
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def open_all(self) -> float:
        """Seconds until every page had its hello."""
        began, places = time.monotonic(), asyncio.Semaphore(OPENING)

        async def one(page: Page) -> None:
            async with places:
                await page.open()

        await asyncio.gather(*map(one, self.pages))
        while self.open < len(self.pages):
            await asyncio.sleep(0.02)
            if time.monotonic() > began + 90:
                raise SystemExit(f"bench: only {self.open} pages opened")
        return time.monotonic() - began

    def now_open(self) -> int:
        return self.open

    def away(self) -> list[int]:
        """Pages that are not open."""
        return [page.number for page in self.pages if not page.open_at]

    def take(self) -> list[tuple[int, str, float, str]]:
        """What was heard since the last time: page, event, when (monotonic), data."""
        heard, self.heard = self.heard, []
        return heard

    async def flood(self, cookie: str, per_second: int, seconds: float) -> dict[str, int]:
        """Open streams of one login as fast as asked; answers by status."""
        found: dict[str, int] = {}

        class Burst(asyncio.Protocol):
            def connection_made(self, transport: Any) -> None:
                self.transport = transport
                transport.write(f"GET /my/live HTTP/1.1\r\nHost: x\r\nCookie: machi_session={cookie}\r\n\r\n".encode())

            def data_received(self, data: bytes) -> None:
                if data.startswith(b"HTTP/1.1 "):
                    status = data[9:12].decode()
                    found[status] = found.get(status, 0) + 1

        began = time.monotonic()
        lines: list[Any] = []
        tasks: set[asyncio.Task[None]] = set()

        async def one() -> None:
            with suppress(OSError):
                lines.append(await self.loop.create_connection(Burst, "127.0.0.1", self.port))

        started = 0
        while (passed := time.monotonic() - began) < seconds:
            for _ in range(int(per_second * passed) - started):  # none waits for those before it
                tasks.add(self.loop.create_task(one()))
                started += 1
            await asyncio.sleep(0.01)
        await asyncio.wait(tasks)
        for transport, _ in lines:
            transport.abort()
        return found | {"opened": len(lines), "ms": int((time.monotonic() - began) * 1000)}


async def main() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    loop = asyncio.get_running_loop()
    crowd: Crowd | None = None
    while line := await loop.run_in_executor(None, sys.stdin.buffer.readline):
        command, *values = orjson.loads(line)
        if crowd is None:
            crowd = Crowd(*values)
            answer: Any = None
        else:
            act: Callable[..., Any] = getattr(crowd, command)
            answer = act(*values)
            if asyncio.iscoroutine(answer):
                answer = await answer
        sys.stdout.buffer.write(orjson.dumps(answer) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    asyncio.run(main())
