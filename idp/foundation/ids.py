"""Random identifiers and secrets."""

from __future__ import annotations

import base64
import re
import secrets

# Crockford's alphabet: no I, L, O, U, so that a person can read it aloud and type it.
READABLE = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# What people type instead, or in between.
AMBIGUOUS = str.maketrans("OIL", "011", "- ")


# Five bits of each random byte choose a character: `base64.b32encode` does the same in Python, twelve times slower.
_BASE32 = bytes(b"abcdefghijklmnopqrstuvwxyz234567"[byte & 31] for byte in range(256))
_ID = re.compile(r"[a-z2-7]{26}")
_SUBJECT = re.compile(r"[a-z2-7]{32}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


def new_id() -> str:
    """130 random bits as 26 lower-case base32 characters. For rows."""
    return secrets.token_bytes(26).translate(_BASE32).decode()


def is_id(text: str) -> bool:
    """Whether `text` can be one of `new_id`. What comes from an address or a form is asked this before a database is."""
    return _ID.fullmatch(text) is not None


def new_subject() -> str:
    """160 random bits as 32 lower-case base32 characters. For `sub` (facts: stored random beats derived)."""
    return base64.b32encode(secrets.token_bytes(20)).decode().lower()


def is_subject(text: str) -> bool:
    """Whether `text` can be one of `new_subject`."""
    return _SUBJECT.fullmatch(text) is not None


def new_secret() -> str:
    """256 random bits, base64url without padding. For codes, tokens, cookies, client secrets."""
    return secrets.token_urlsafe(32)


def is_secret(text: str) -> bool:
    """Whether `text` can be one of `new_secret`."""
    return _SECRET.fullmatch(text) is not None
