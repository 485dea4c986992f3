"""Open pages, as a browser's EventSource has them, and a live server for them in this process."""

from __future__ import annotations

import asyncio
import http.client
import threading
from contextlib import AsyncExitStack, suppress
from typing import Any

import orjson
from flask import Flask

from idp.foundation.context import parts
from mypage.delivery.live.hub import Hub
from mypage.delivery.live.running import running_hub
from mypage.delivery.live.serve import listening
from mypage.delivery.live.server import Server


class Page:
    """One stream; what it was told last is its `mark`."""

    def __init__(self, port: int, cookie: str, after: str = "", **headers: str) -> None:
        self.mark = after
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        address = f"/my/live?after={after}" if after else "/my/live"
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request("GET", address, headers={"Cookie": f"machi_session={cookie}", **fields})
        self.answer = self._connection.getresponse()

    def block(self) -> list[str]:
        """The lines of the next event or comment; empty at the end of the stream."""
        lines: list[str] = []
        while True:
            line = self.answer.readline().decode()
            if line in ("", "\n"):
                return lines
            lines.append(line.strip())

    def event(self, *passing: str) -> tuple[str, dict[str, Any]]:
        """Name and data of the next event, other than comments and those named `passing`; ("", {}) at the end of the stream."""
        while block := self.block():
            found = dict(line.split(": ", 1) for line in block if not line.startswith(":"))
            self.mark = found.get("id", self.mark)
            if "event" in found and found["event"] not in passing:
                return found["event"], orjson.loads(found["data"])
        return "", {}

    def close(self) -> None:
        if self._connection.sock is not None:
            self._connection.sock.close()
        self.answer.close()
        self._connection.close()


class LiveServer:
    """`machi live`'s server on a loop in a thread, on a port of its own."""

    server: Server
    hub: Hub

    def __init__(self, app: Flask, most: int = 100, **limits: float) -> None:
        self._ready, self._end = threading.Event(), asyncio.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(app, most, limits)), daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    async def _run(self, app: Flask, most: int, limits: dict[str, float]) -> None:
        self._loop = asyncio.get_running_loop()
        async with AsyncExitStack() as stack:
            self.hub, gate = await stack.enter_async_context(running_hub(parts(app), most, **limits))
            self.server = await stack.enter_async_context(listening(Server(parts(app), self.hub, gate), "127.0.0.1", 0))
            self._ready.set()
            await self._end.wait()

    @property
    def port(self) -> int:
        return self.server.port

    def close(self) -> None:
        """As SIGTERM does."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)
