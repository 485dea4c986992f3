"""A live stream as a WSGI answer: a thread of the web server that waits for what the hub has for its page."""

from __future__ import annotations

import asyncio
import queue
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from . import wire

if TYPE_CHECKING:
    from .hub import Page
    from .running import HubThread

# A page that is left is noticed at the next write, so the first half minute, when people leave pages, has more of them.
EARLY = (2.0, 30.0)
QUIET = 20.0


class Feed:
    """A WSGI iterable, and the hub's outlet. It has its place from the start, and gives it back in `close`, read or not."""

    def __init__(self, thread: HubThread) -> None:
        self._thread = thread
        self._parts: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._page: Page | None = None
        self._began = time.monotonic()

    def open(self, resident_id: str, session_id: str, after: str) -> None:
        """Raises `FullError`."""

        async def admit() -> Page:
            return self._thread.hub.admit(resident_id, session_id, self, after)

        self._page = asyncio.run_coroutine_threadsafe(admit(), self._thread.loop).result(5)

    # the hub's side ---------------------------------------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        self._parts.put(data)

    def end(self) -> None:
        self._parts.put(None)

    # the server's side ------------------------------------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            part = self._parts.get(timeout=self._patience())
        except queue.Empty:
            return wire.STILL_HERE
        if part is None:
            self.close()
            raise StopIteration
        return part

    def _patience(self) -> float:
        often, until = EARLY
        return often if time.monotonic() < self._began + until else QUIET

    def close(self) -> None:
        """Called by the server when the reader is gone (PEP 3333); may be called again."""
        page, self._page = self._page, None
        if page is not None:
            with suppress(RuntimeError):  # the loop has ended, and all pages with it
                self._thread.loop.call_soon_threadsafe(self._thread.hub.leave, page)

    def __del__(self) -> None:
        self.close()
