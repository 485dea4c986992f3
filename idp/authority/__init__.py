"""Whose word counts: which login may hold, release or remove which way in, and the changes themselves, told to the resident."""

from __future__ import annotations

from .credential_changes import hold_credential, release_credential, remove_passkey, say_not_me
from .permits import Permit, is_last_way_in, may_add, may_hold, may_release, may_remove, vouchers

__all__ = [
    "Permit",
    "hold_credential",
    "is_last_way_in",
    "may_add",
    "may_hold",
    "may_release",
    "may_remove",
    "release_credential",
    "remove_passkey",
    "say_not_me",
    "vouchers",
]
