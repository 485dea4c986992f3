"""When a page may fetch what has changed: at once, or, when very many changed together, one after another.

Ten thousand pages told at once would be ten thousand page loads in the same second. What they wait for is said in words meanwhile.
"""

from __future__ import annotations

AT_ONCE = 1.0
"""Seconds' worth of fetches that nobody is asked to wait for."""


class Pacer:
    """A leaky bucket: `rate` fetches a second."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._next = 0.0

    def wait(self, now: float) -> float:
        """Seconds that the next page is to wait; its turn is taken by that."""
        self._next = max(self._next, now - AT_ONCE) + 1 / self._rate
        return max(0.0, self._next - now)
