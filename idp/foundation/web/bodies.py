"""Slow senders: how many threads may wait for bodies at once, in all and for one address.

A server thread that reads a body waits for as long as its sender likes; the server (granian) has no time limit for that, and WSGI no
way to set one. So there is a limit on how many wait: whoever sends bodies that never end fills their own places, and others go on. The
rest is the proxy's: it takes requests whole before it passes them on (docs/operators.md), and `machi doctor` looks whether it does.
"""

from __future__ import annotations

import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ..addresses import network_named
from .errors import ProblemError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Half of a process's threads: whoever starts it says how many it has (machi_id/serve.py).
READERS = "MACHI_BODY_READERS"
AT_ONCE = 128
WAIT = 1.0
"""Seconds to wait for a place, in a crowd of honest senders; none where none came free in the last `STALE` seconds."""
STALE = 2.0


class ReaderSlots:
    """Who is reading now. Thread-safe."""

    def __init__(self, at_once: int) -> None:
        self._at_once, self._for_one = at_once, max(1, at_once // 4)
        self._changed = threading.Condition()
        self._reading: dict[str, int] = defaultdict(int)
        self._total = 0
        self._moved: dict[str, float] = {}

    def enter(self, address: str) -> bool:
        """Take a place; False if there is none for this address."""
        with self._changed:
            begun = time.monotonic()
            while not self._free(address):
                left = begun + WAIT - time.monotonic()
                if left <= 0 or self._is_stale(address):
                    return False
                self._changed.wait(left)
            self._total += 1
            self._reading[address] += 1
            self._moved.setdefault(address, time.monotonic())
            return True

    def leave(self, address: str) -> None:
        with self._changed:
            self._total -= 1
            self._reading[address] -= 1
            self._moved[address] = time.monotonic()
            if not self._reading[address]:
                del self._reading[address], self._moved[address]
            self._changed.notify_all()

    def _free(self, address: str) -> bool:
        return self._total < self._at_once and self._reading.get(address, 0) < self._for_one

    def _is_stale(self, address: str) -> bool:
        moved = self._moved.values() if self._total >= self._at_once else [self._moved[address]]
        return max(moved) < time.monotonic() - STALE


class _Input:
    """`wsgi.input`, whose reads take a place. Not reading takes none."""

    def __init__(self, source: Any, slots: ReaderSlots, address: str) -> None:
        self._source, self._slots, self._address = source, slots, address

    def read(self, size: int = -1) -> Any:
        return self._within(lambda: self._source.read() if size < 0 else self._source.read(size))

    def readline(self, *args: Any) -> Any:
        return self._within(lambda: self._source.readline(*args))

    def readlines(self, *args: Any) -> Any:
        return self._within(lambda: self._source.readlines(*args))

    def __iter__(self) -> Any:
        return iter(self.readline, b"")

    def _within(self, read: Callable[[], Any]) -> Any:
        if not self._slots.enter(self._address):
            raise ProblemError(
                503, "too_many_bodies", "Too much is being sent at once. Please try again.", retry_after=2
            )
        try:
            return read()
        finally:
            self._slots.leave(self._address)


class Bodies:
    """WSGI middleware. It stands inside of what finds out the client's address behind proxies."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._slots = ReaderSlots(int(os.environ.get(READERS, AT_ONCE)))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("CONTENT_LENGTH", "0") not in ("", "0") or "HTTP_TRANSFER_ENCODING" in environ:
            network = network_named(environ.get("REMOTE_ADDR")) or ""
            environ["wsgi.input"] = _Input(environ["wsgi.input"], self._slots, network)
        return self._app(environ, start_response)
