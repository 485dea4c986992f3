"""Ways to prove who you are: passkeys, cards with JPKI certificates, one-use challenges.

What a resident holds is read with `credentials_of`; `passkeys`, `cards` and `change` write. `jpki` verifies cards and has a front of
its own.
"""

from __future__ import annotations

from . import cards, challenges, change, passkeys, webauthn_core
from .read import CredentialInfo, credentials_of, find_credential
from .sealed_challenges import Tie

__all__ = [
    "CredentialInfo",
    "Tie",
    "cards",
    "challenges",
    "change",
    "credentials_of",
    "find_credential",
    "passkeys",
    "webauthn_core",
]
