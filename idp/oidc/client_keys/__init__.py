"""What an app proves itself with: its public keys, registered or fetched (`ClientKeys`), and its secret.

A secret is given by `give_secret`; only one that something is computed with can be read again (`readable_secret`).
"""

from __future__ import annotations

from .keys import ClientKeys, ClientKeysError
from .secret import computes_with_secret, give_secret, needs_secret, readable_secret, secret_fits

__all__ = [
    "ClientKeys",
    "ClientKeysError",
    "computes_with_secret",
    "give_secret",
    "needs_secret",
    "readable_secret",
    "secret_fits",
]
