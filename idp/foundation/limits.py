"""Rate limits that several processes share when the live URL is Redis.

A limit counts (what, who, from where) together: an account alone is never a key, or anybody could lock anybody out
by failing in their name.

While Redis is away each process counts for itself, so that signing in goes on and guessing stays slow: at most a process's worth more
for each process.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from limits import RateLimitItem, parse
from limits.storage import RedisClusterStorage, RedisSentinelStorage, RedisStorage, Storage
from limits.strategies import MovingWindowRateLimiter

from . import clock
from .limits_here import InProcessStorage
from .redis_address import TIMEOUT, connection_options, failures

log = logging.getLogger("machi.limits")

T = TypeVar("T")
LOOK_AGAIN = 2.0
"""Seconds after a failure until Redis is asked again: a request must not wait for it each time."""


PORTION_LASTS = 5.0
MOST_PORTIONS = 10_000


class LimitExceededError(Exception):
    """Too many; `retry_after` is in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("too many requests")
        self.retry_after = retry_after


class Limits:
    """Moving-window counters."""

    def __init__(self, live_url: str) -> None:
        self._url = live_url
        self._here = MovingWindowRateLimiter(InProcessStorage())
        self._shared: MovingWindowRateLimiter | None = None
        self._away_until = 0.0
        self._lock = threading.Lock()
        self._portions: dict[tuple[str, ...], tuple[int, float]] = {}
        """What of a limit was taken and is not used yet, and until when."""

    def hit(self, rate: str, *key: str) -> None:
        """Count one use of `key` against `rate` (e.g. ``30/minute``). Raises `LimitExceededError`."""
        self._hit(_parsed(rate), 1, key)

    def hit_often(self, rate: str, *key: str) -> None:
        """The same for what comes hundreds of times a second: a hundredth of the rate is taken at once and used up here, so at most
        that much is refused too early. What is not used within `PORTION_LASTS` is lost.
        """
        item, now = _parsed(rate), time.monotonic()
        with self._lock:
            left, until = self._portions.get((rate, *key), (0, 0.0))
            if left and now < until:
                self._portions[rate, *key] = (left - 1, until)
                return
        portion = max(1, item.amount // 100)
        self._hit(item, portion, key)
        with self._lock:
            if len(self._portions) > MOST_PORTIONS:
                self._portions.clear()
            self._portions[rate, *key] = (portion - 1, now + PORTION_LASTS)

    def _hit(self, item: RateLimitItem, cost: int, key: tuple[str, ...]) -> None:
        wait = self._ask(lambda limiter: None if limiter.hit(item, *key, cost=cost) else _wait(limiter, item, key))
        if wait is not None:
            raise LimitExceededError(wait)

    def check(self, rate: str, *key: str) -> None:
        """Raise if `key` is used up, without counting. For limits that count failures only."""
        item = _parsed(rate)
        if (
            wait := self._ask(lambda limiter: None if limiter.test(item, *key) else _wait(limiter, item, key))
        ) is not None:
            raise LimitExceededError(wait)

    def reset(self) -> None:
        """Forget every count."""
        with self._lock:
            self._portions.clear()
        self._ask(lambda limiter: limiter.storage.reset())

    def _ask(self, question: Callable[[MovingWindowRateLimiter], T]) -> T:
        if not self._url.startswith("memory") and time.monotonic() >= self._away_until:
            try:
                if self._shared is None:
                    self._shared = MovingWindowRateLimiter(_storage(self._url))
                return question(self._shared)
            except failures() as error:
                self._away_until = time.monotonic() + LOOK_AGAIN
                log.warning("limits are counted in this process: Redis does not answer (%s)", type(error).__name__)
        return question(self._here)


@lru_cache(maxsize=256)
def _parsed(rate: str) -> RateLimitItem:
    return parse(rate)


def _storage(url: str) -> Storage:
    options = connection_options(url, 1)
    if url.startswith("redis+cluster"):
        return RedisClusterStorage(url, **options)
    if url.startswith("redis+sentinel"):
        waiting: dict[str, float | str | bool] = {"socket_connect_timeout": TIMEOUT, "socket_timeout": TIMEOUT}
        # Replicas lag behind: whoever reads from one could go beyond the limit.
        return RedisSentinelStorage(url, use_replicas=False, sentinel_kwargs=waiting, **options)
    return RedisStorage(url, **options)


def _wait(limiter: MovingWindowRateLimiter, item: RateLimitItem, key: tuple[str, ...]) -> int:
    """Whole seconds until the next one is let through."""
    return max(1, int(limiter.get_window_stats(item, *key).reset_time - clock.now().timestamp()) + 1)
