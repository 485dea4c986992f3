"""Words for many, sealed on their way through the journal: there they say nothing to anybody."""

from __future__ import annotations

import base64
from typing import Any

import orjson

from idp.front.storage import Parts

WORDS = "live-words"
"""What they are sealed for."""


def seal_words(instance: Parts, plain: bytes) -> str:
    return base64.b64encode(instance.vault.encrypt(plain, WORDS)).decode()


def open_words(instance: Parts, sealed: str) -> dict[str, Any]:
    """What `seal_words` sealed. Raises `VaultError`."""
    found: dict[str, Any] = orjson.loads(instance.vault.decrypt(base64.b64decode(sealed), WORDS))
    return found
