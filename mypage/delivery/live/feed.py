"""The bytes of one live stream (WHATWG HTML, server-sent events): what changed, never what it changed to."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import orjson

from idp.front.storage import BusAwayError, Parts, UnavailableError

from .channels import resident_channel, session_channel
from .slots import Place

RETRY_MS = 3000
RETRY_LATER_MS = 30_000
COALESCE = 0.05
SLICE = 0.25
HEARTBEAT = 15.0
# A page that is left is noticed at the next write, so the first half minute, when people leave pages, has more of them.
EARLY = (2.0, 30.0)
LONGEST = 900.0


@dataclass(frozen=True)
class Pace:
    """Seconds: between heartbeats, and until the page is asked to connect again (which spreads load after a restart)."""

    heartbeat: float = HEARTBEAT
    longest: float = LONGEST


class Feed:
    """A WSGI iterable. It has its slot and its subscriptions from the start, and gives them back in `close`, read or not."""

    def __init__(
        self, instance: Parts, place: Place, resident_id: str, session_id: str, alive: Callable[[], bool], pace: Pace
    ) -> None:
        self._release = contextlib.ExitStack()
        self._release.callback(place.release)
        try:
            subscribe = instance.bus.subscribe
            self._changes = self._release.enter_context(subscribe(resident_channel(resident_id)))
            self._ends = self._release.enter_context(subscribe(session_channel(session_id)))
        except BaseException:
            self._release.close()
            raise
        self._place = place
        self._alive = alive
        self._pace = pace
        self._parts = self._run()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._parts)
        except (BusAwayError, UnavailableError):
            # What cannot be heard or asked ends the stream; the page comes back, and looks by itself until then.
            self.close()
            raise StopIteration from None
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
        began = time.monotonic()
        end = began + self._pace.longest
        look = began + self._pace.heartbeat
        beat = self._next_beat(began)
        while time.monotonic() < end:
            fragments = self._wait(min(beat, end))
            if self._place.lost:
                yield f"retry: {RETRY_LATER_MS}\n\n".encode()
                return
            if self._ends.next(0) is not None or time.monotonic() >= look:
                if not self._alive():
                    yield b"event: ended\ndata: {}\n\n"
                    return
                look = time.monotonic() + self._pace.heartbeat
            if fragments:
                yield b"event: change\ndata: " + orjson.dumps({"fragments": fragments}) + b"\n\n"
            elif time.monotonic() >= beat:
                beat = self._next_beat(began)
                yield b": still here\n\n"

    def _next_beat(self, began: float) -> float:
        now = time.monotonic()
        often, until = EARLY
        return now + (min(often, self._pace.heartbeat) if now < began + until else self._pace.heartbeat)

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
