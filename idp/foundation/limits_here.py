"""Moving windows counted in this process. The library's own storage starts a thread to forget, at nearly every count."""

from __future__ import annotations

import threading
import time
from bisect import bisect_right

from limits.storage import MovingWindowSupport, Storage

SWEEP_EVERY = 1024
"""Counts between two looks for windows that are over."""


class InProcessStorage(Storage, MovingWindowSupport):
    """Times of what was counted, oldest first, for each key; only what a moving window needs."""

    def __init__(self) -> None:
        super().__init__(None)
        self._lock = threading.Lock()
        self._counted: dict[str, tuple[int, list[float]]] = {}
        """By key: the window's length in seconds, and the times within it."""
        self._since_sweep = 0

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count `amount`, unless that would be more than `limit` within the last `expiry` seconds."""
        now = time.time()
        with self._lock:
            self._sweep(now)
            _, times = self._counted.setdefault(key, (expiry, []))
            del times[: bisect_right(times, now - expiry)]
            if len(times) + amount > limit:
                return False
            times.extend([now] * amount)
            return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """`(time of the oldest one that counts, how many count)`."""
        now = time.time()
        with self._lock:
            _, times = self._counted.get(key, (expiry, []))
            counting = times[bisect_right(times, now - expiry) :]
        return (counting[0] if counting else now, len(counting))

    def _sweep(self, now: float) -> None:
        self._since_sweep += 1
        if self._since_sweep >= SWEEP_EVERY:
            self._since_sweep = 0
            over = [k for k, (expiry, times) in self._counted.items() if not times or times[-1] <= now - expiry]
            for key in over:
                del self._counted[key]

    def clear(self, key: str) -> None:
        with self._lock:
            self._counted.pop(key, None)

    def reset(self) -> int | None:
        with self._lock:
            known = len(self._counted)
            self._counted.clear()
            return known

    def check(self) -> bool:
        return True

    # Fixed windows are not used.

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        raise NotImplementedError

    def get(self, key: str) -> int:
        raise NotImplementedError

    def get_expiry(self, key: str) -> float:
        raise NotImplementedError
