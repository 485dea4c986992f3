"""The operator's key as people write it down: 32 random bytes in base64."""

from __future__ import annotations

import base64
import binascii

_RULE = "must be 32 random bytes, base64url (make one with `machi secret`)"


def key_bytes(text: str) -> bytes:
    """Its 32 bytes; base64url or plain base64, with or without padding. Raises ValueError, whose text does not hold the key."""
    digits = text.strip().rstrip("=").replace("+", "-").replace("/", "_")
    try:
        raw = base64.b64decode(digits + "=" * (-len(digits) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be base64url") from None
    if len(raw) != 32:
        raise ValueError(_RULE)
    return raw


def refuse_weak(text: str) -> None:
    """A key that nobody drew at random is refused. Raises ValueError like `key_bytes`."""
    if len(set(key_bytes(text))) < 8:
        raise ValueError(_RULE)
