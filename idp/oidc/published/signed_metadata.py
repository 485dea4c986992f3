"""`signed_metadata` (RFC 8414 §2.1): the metadata once more as a JWT, for whoever wants to keep proof of it."""

from __future__ import annotations

from typing import Any

from ...foundation import clock
from ...foundation.settings import Settings
from ..jose import SigningKeys

_made: dict[tuple[Settings, str], str] = {}


def signed_metadata(settings: Settings, keys: SigningKeys, document: dict[str, Any]) -> str:
    """Signed with the key that signs now; made once for each key."""
    key = keys.signing("ES256")
    found = _made.get((settings, key.kid))
    if found is None:
        found = key.sign({**document, "iss": settings.issuer, "iat": clock.epoch()})
        _made[settings, key.kid] = found
    return found
