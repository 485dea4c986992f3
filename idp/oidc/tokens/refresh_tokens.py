"""Refresh tokens: each says of which family (grant) it is, and gives its successor, so that a family is one row however often it is
used.

A token is `grant id (26) | count (3) | body (21) | seal (16)` in base64url. The first body is random; the next is made from the token
by the operator's key. `count` says how many tokens its family had before it. In the grant stand the count and the digest of the live
token, and the digest of the one it was given for. So neither the database alone nor the key alone makes a token; a lost answer can be
given again; a sealed token that is neither of the two was replaced before; and one with a higher count is newer than the database.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
from collections.abc import Iterator
from dataclasses import dataclass

from ...foundation.ids import is_id
from ...foundation.vault import Prf, Vault, digest

_ID, _COUNT, _BODY, _SEAL = 26, 3, 21, 16
_LENGTH = (_ID + _COUNT + _BODY + _SEAL) // 3 * 4
_PURPOSE = "refresh token, counted"


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A token of ours, as it was shown. Whether it is the live one only its grant knows."""

    text: str
    grant_id: str
    _value: bytes

    @property
    def digest(self) -> str:
        return digest(self.text)

    @property
    def count(self) -> int:
        """How many tokens its family had before it."""
        return int.from_bytes(self._value[_ID : _ID + _COUNT], "big")

    def successor(self, vault: Vault, count: int) -> str:
        """The token given for this one as the `count`-th of the family: always the same."""
        return next(self.successors(vault, count))

    def successors(self, vault: Vault, count: int) -> Iterator[str]:
        """What is given for it, or was, under the current key and then under each former one."""
        counted = count.to_bytes(_COUNT, "big")
        for prf in vault.prfs():
            body = prf("refresh successor", self._value + counted)[:_BODY]
            yield _sealed(prf, self._value[:_ID] + counted + body)


def first_refresh_token(vault: Vault, grant_id: str) -> str:
    """The first of a family."""
    return _sealed(next(vault.prfs()), grant_id.encode() + bytes(_COUNT) + os.urandom(_BODY))


def read_refresh_token(vault: Vault, text: str) -> RefreshToken | None:
    """None for what this installation never made."""
    if len(text) != _LENGTH or not text.isascii():
        return None
    try:
        raw = base64.b64decode(text, altchars=b"-_", validate=True)
    except binascii.Error:
        return None
    value, seal = raw[:-_SEAL], raw[-_SEAL:]
    if not any(hmac.compare_digest(prf(_PURPOSE, value)[:_SEAL], seal) for prf in vault.prfs()):
        return None
    grant_id = value[:_ID].decode("ascii", "replace")
    return RefreshToken(text, grant_id, value) if is_id(grant_id) else None


def _sealed(prf: Prf, value: bytes) -> str:
    return base64.urlsafe_b64encode(value + prf(_PURPOSE, value)[:_SEAL]).decode()
