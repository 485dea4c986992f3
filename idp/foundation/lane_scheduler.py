"""Which lanes start now, of those whose servers we call: one call at a time for each, so many in all, and the longest unserved first.

Whoever was slow or failed last time is in trouble: those together get half of the places, however many they are, so that the others
always find some. Each process has a scheduler of its own; what must hold between processes is in the database (outbox.py).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

AT_ONCE = 16


class LaneScheduler:
    """Thread-safe. A lane is a text: an app's id, or a topic."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._troubled_at_once = max(1, at_once // 2)
        self._lock = threading.Lock()
        self._running: set[str] = set()
        self._troubled: set[str] = set()
        self._served: dict[str, int] = {}
        self._count = 0

    def begin(self, due: Iterable[str]) -> list[str]:
        """Of the lanes with due work, oldest first, those that start now. Each counts as running until `end`."""
        started: list[str] = []
        with self._lock:
            waiting = [lane for lane in due if lane not in self._running]
            for lane in sorted(waiting, key=lambda lane: self._served.get(lane, 0)):
                if len(self._running) >= self._at_once:
                    break
                if lane in self._troubled and len(self._running & self._troubled) >= self._troubled_at_once:
                    continue
                self._count += 1
                self._served[lane] = self._count
                self._running.add(lane)
                started.append(lane)
        return started

    def end(self, lane: str, well: bool | None = None) -> None:
        """The lane's run is over; `well`: whether it went quickly and without failing, None if nothing was tried."""
        with self._lock:
            self._running.discard(lane)
            if well is not None:
                (self._troubled.discard if well else self._troubled.add)(lane)
