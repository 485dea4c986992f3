"""Random identifiers and secrets."""

from __future__ import annotations

import base64
import secrets

# Crockford's alphabet: no I, L, O, U, so that a person can read it aloud and type it.
READABLE = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# What people type instead, or in between.
AMBIGUOUS = str.maketrans("OIL", "011", "- ")


def new_id() -> str:
    """128 random bits as 26 lower-case base32 characters. For rows."""
    return base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()


def new_subject() -> str:
    """160 random bits as 32 lower-case base32 characters. For `sub` (facts: stored random beats derived)."""
    return base64.b32encode(secrets.token_bytes(20)).decode().lower()


def new_secret() -> str:
    """256 random bits, base64url without padding. For codes, tokens, cookies, client secrets."""
    return secrets.token_urlsafe(32)
