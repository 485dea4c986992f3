"""The hub of a process, with its loop: the process's own (`machi live`), or a thread's beside a web server."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from idp.front.storage import JournalRow, Mark, Parts, VaultError

from .gate import Gate
from .hub import BEGIN, HEARTBEAT, Hub
from .words import open_words


class _Reader:
    """Brings the journal's words from its thread into the loop's."""

    def __init__(self, loop: asyncio.AbstractEventLoop, hub: Hub, parts: Parts) -> None:
        self._loop, self._hub, self._parts = loop, hub, parts

    def begin(self, lines: Sequence[JournalRow], mark: Mark) -> None:
        self._call(self._hub.begin, lines, mark)

    def hear(self, lines: Sequence[JournalRow]) -> None:
        self._call(self._hub.hear, [self._opened(line) for line in lines])

    def _opened(self, line: JournalRow) -> JournalRow:
        """With its words as they are said."""
        if "words" not in line.entry:
            return line
        try:
            words = open_words(self._parts, line.entry["words"])
        except (VaultError, ValueError):  # sealed by a process with a newer key: the page will fetch what it is about
            words = None
        return line._replace(entry={**line.entry, "words": words})

    def lost(self) -> None:
        self._call(self._hub.lost)

    def back(self) -> None:
        self._call(self._hub.back)

    def _call(self, act: Any, *values: Any) -> None:
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(act, *values)


@asynccontextmanager
async def running_hub(
    parts: Parts, most: int, heartbeat: float = HEARTBEAT, **limits: Any
) -> AsyncIterator[tuple[Hub, Gate]]:
    """A hub that hears the journal and keeps time, in the running loop."""
    gate = Gate(parts)
    hub = Hub(gate.standing, most, **{"rate": parts.settings.live_refreshes, **limits})
    following = parts.journal.follow(_Reader(asyncio.get_running_loop(), hub, parts))
    ticking = asyncio.create_task(_tick(hub, heartbeat))
    try:
        yield hub, gate
    finally:
        ticking.cancel()
        following.close()
        gate.close()


async def _tick(hub: Hub, heartbeat: float) -> None:
    seconds = min(1.0, heartbeat / 3)
    while True:
        await asyncio.sleep(seconds)
        hub.tick(seconds, heartbeat)


class HubThread:
    """A hub in a thread of its own, for the web server's threads to hang their pages on."""

    def __init__(self, parts: Parts, most: int, **limits: float) -> None:
        """`limits`: `heartbeat`, `per_resident`, `longest`."""
        self._ready = threading.Event()
        self._limits = limits
        self.hub: Hub
        self.loop: asyncio.AbstractEventLoop
        threading.Thread(target=lambda: asyncio.run(self._run(parts, most)), name="machi-live-hub", daemon=True).start()
        self._ready.wait()

    def close(self) -> None:
        """End it, with its pages."""
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self._end.set)

    async def _run(self, parts: Parts, most: int) -> None:
        self.loop = asyncio.get_running_loop()
        self._end = asyncio.Event()
        async with running_hub(parts, most, **self._limits) as (self.hub, _):
            await self.hub.beginning(BEGIN)
            self._ready.set()
            await self._end.wait()
            self.hub.drain()
