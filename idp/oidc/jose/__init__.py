"""Keys and JWTs, ours and other parties': the lowest room, which knows keys, rules and time, and nothing of clients or requests.

`SigningKeys` has our signing and encryption keys, which `ensure_keys`, `rotate` and `withdraw` change; `key_algorithms` is the list of
what we can. A JWT of another party is opened by `verify` alone, held to `Rules` of its place; `public_keys` says which keys we take.
"""

from __future__ import annotations

from . import key_algorithms, public_keys
from .keys import KEEP_RETIRED, SETTLE, Key, SigningKeys, ensure_keys, rotate, withdraw
from .rules import Rules
from .verify import Fault, JwtError, Keys, KeysError, Secret, claimed, key_brought_along, verify

__all__ = [
    "KEEP_RETIRED",
    "SETTLE",
    "Fault",
    "JwtError",
    "Key",
    "Keys",
    "KeysError",
    "Rules",
    "Secret",
    "SigningKeys",
    "claimed",
    "ensure_keys",
    "key_algorithms",
    "key_brought_along",
    "public_keys",
    "rotate",
    "verify",
    "withdraw",
]
