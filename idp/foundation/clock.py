"""The one source of time, so that tests can move it.

All times are aware and in UTC inside the product; pages show them in the city's zone (JST).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

CITY_ZONE = ZoneInfo("Asia/Tokyo")

_offset = timedelta(0)


def now() -> datetime:
    """The current instant, aware, UTC."""
    return datetime.now(UTC) + _offset


def epoch() -> int:
    """The current instant as whole seconds since 1970 (JWT NumericDate, RFC 7519 §2)."""
    return int(now().timestamp())


def epoch_ms() -> int:
    """The current instant in milliseconds since 1970, the form the database stores."""
    return int(now().timestamp() * 1000)


@contextmanager
def travelled(delta: timedelta) -> Iterator[None]:
    """Shift the clock of this process by `delta` while the block runs. For tests only."""
    global _offset
    before = _offset
    _offset = before + delta
    try:
        yield
    finally:
        _offset = before
