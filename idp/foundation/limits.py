"""Rate limits that several processes share when the live URL is Redis.

A limit counts (what, who, from where) together: an account alone is never a key, or anybody could lock anybody out
(facts §2.1: lockout turned into denial of service).
"""

from __future__ import annotations

from limits import parse
from limits.storage import MemoryStorage, RedisStorage, Storage
from limits.strategies import MovingWindowRateLimiter

from . import clock


class LimitExceededError(Exception):
    """Too many; `retry_after` is in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("too many requests")
        self.retry_after = retry_after


class Limits:
    """Moving-window counters."""

    def __init__(self, live_url: str) -> None:
        storage: Storage = MemoryStorage() if live_url.startswith("memory") else RedisStorage(live_url)
        self._limiter = MovingWindowRateLimiter(storage)

    def hit(self, rate: str, *key: str) -> None:
        """Count one use of `key` against `rate` (e.g. ``30/minute``). Raises `LimitExceededError`."""
        item = parse(rate)
        if not self._limiter.hit(item, *key):
            raise LimitExceededError(self._wait(rate, key))

    def check(self, rate: str, *key: str) -> None:
        """Raise if `key` is used up, without counting. For limits that count failures only."""
        if not self._limiter.test(parse(rate), *key):
            raise LimitExceededError(self._wait(rate, key))

    def _wait(self, rate: str, key: tuple[str, ...]) -> int:
        reset = self._limiter.get_window_stats(parse(rate), *key).reset_time
        return max(1, int(reset - clock.now().timestamp()) + 1)
