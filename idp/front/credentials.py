"""Ways in: what a resident holds, and what this login may do with each (decision 0013)."""

from __future__ import annotations

from ..authority import (
    Permit,
    hold_credential,
    is_last_way_in,
    may_hold,
    may_release,
    may_remove,
    release_credential,
    remove_passkey,
    say_not_me,
    vouchers,
)
from ..credentials import CredentialInfo, credentials_of, find_credential

__all__ = [
    "CredentialInfo",
    "Permit",
    "credentials_of",
    "find_credential",
    "hold_credential",
    "is_last_way_in",
    "may_hold",
    "may_release",
    "may_remove",
    "release_credential",
    "remove_passkey",
    "say_not_me",
    "vouchers",
]
