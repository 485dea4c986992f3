"""The bytes of one live stream (WHATWG HTML, server-sent events): what changed, never what it changed to."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import orjson

from idp import Parts

from .channels import resident_channel, session_channel
from .slots import Slots

RETRY_MS = 3000
COALESCE = 0.05
SLICE = 0.25
HEARTBEAT = 15.0
LONGEST = 900.0


@dataclass(frozen=True)
class Pace:
    """Seconds: between heartbeats, and until the page is asked to connect again (which spreads load after a restart)."""

    heartbeat: float = HEARTBEAT
    longest: float = LONGEST


class Feed:
    """A WSGI iterable. It has its slot and its subscriptions from the start, and gives them back in `close`, read or not."""

    def __init__(
        self, instance: Parts, slots: Slots, resident_id: str, session_id: str, alive: Callable[[], bool], pace: Pace
    ) -> None:
        self._release = contextlib.ExitStack()
        self._release.callback(slots.release, resident_id)
        try:
            subscribe = instance.bus.subscribe
            self._changes = self._release.enter_context(subscribe(resident_channel(resident_id)))
            self._ends = self._release.enter_context(subscribe(session_channel(session_id)))
        except BaseException:
            self._release.close()
            raise
        self._alive = alive
        self._pace = pace
        self._parts = self._run()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._parts)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Called by the server when the reader is gone (PEP 3333)."""
        self._release.close()

    def __del__(self) -> None:
        self.close()

    def _run(self) -> Iterator[bytes]:
        # The subscription is older than this line: whatever the page fetches after "hello" cannot miss a change.
        yield f"retry: {RETRY_MS}\nevent: hello\ndata: {{}}\n\n".encode()
        end = time.monotonic() + self._pace.longest
        beat = time.monotonic() + self._pace.heartbeat
        while time.monotonic() < end:
            fragments = self._wait(min(beat, end))
            if self._ends.next(0) is not None and not self._alive():
                yield b"event: ended\ndata: {}\n\n"
                return
            if fragments:
                yield b"event: change\ndata: " + orjson.dumps({"fragments": fragments}) + b"\n\n"
            elif time.monotonic() >= beat:
                if not self._alive():
                    yield b"event: ended\ndata: {}\n\n"
                    return
                beat = time.monotonic() + self._pace.heartbeat
                yield b": still here\n\n"

    def _wait(self, until: float) -> list[str]:
        """What changed, once something has, with what follows within 50 ms; nothing when it is time to look around."""
        message = self._changes.next(max(0.0, min(SLICE, until - time.monotonic())))
        if message is None:
            return []
        found: dict[str, None] = {}
        last = time.monotonic() + COALESCE
        while message is not None:
            found.update(dict.fromkeys(message.get("fragments", ())))
            message = self._changes.next(max(0.0, last - time.monotonic()))
        return list(found)
