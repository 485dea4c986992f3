"""`exp`, `nbf` and `iat` of JWTs that others sign (RFC 7519 §4.1), by the product's own clock and with the same leeway everywhere."""

from __future__ import annotations

from enum import Enum
from typing import Any

from ..foundation import clock
from .public_jwk import is_time

# What clocks may differ, in seconds (FAPI 2.0 §5.3.2.1: 10 must be taken, 60 must not).
LEEWAY = 10


class Standing(Enum):
    """What the times of a JWT say about now."""

    STANDS = "stands"
    MALFORMED = "malformed"
    EXPIRED = "expired"
    NOT_YET = "not yet"


def standing(claims: dict[str, Any]) -> Standing:
    """Judged by those of the three that are there; whoever needs one asks for it."""
    times = {name: claims[name] for name in ("exp", "nbf", "iat") if name in claims}
    if not all(is_time(value) for value in times.values()):
        return Standing.MALFORMED
    now = clock.epoch()
    if times.get("exp", now) + LEEWAY <= now:
        return Standing.EXPIRED
    if max(times.get("nbf", now), times.get("iat", now)) - LEEWAY > now:
        return Standing.NOT_YET
    return Standing.STANDS
