"""Access tokens of ours whose signature was verified lately: resource servers and departments show the same one again and again.

Kept is only what cannot change: that this key signed these claims. Time, audience and revocation are looked at each time, and with
the key everything it signed is forgotten.
"""

from __future__ import annotations

import hashlib
from typing import Any

MAX_TOKENS = 4096


class VerifiedTokens:
    """By digest, so that no bearer token stays in memory. `key` is compared by identity."""

    def __init__(self) -> None:
        self._claims: dict[bytes, tuple[object, dict[str, Any]]] = {}

    def find(self, token: bytes, key: object) -> dict[str, Any] | None:
        """The claims, not to be changed; None if this key's signature on this very token was not verified lately."""
        found = self._claims.get(hashlib.sha256(token).digest())
        return found[1] if found is not None and found[0] is key else None

    def keep(self, token: bytes, key: object, claims: dict[str, Any]) -> None:
        if len(self._claims) >= MAX_TOKENS:
            self._claims.clear()
        self._claims[hashlib.sha256(token).digest()] = (key, claims)
