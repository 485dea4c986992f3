"""The unified ID (統合ID): what people see and say. Random, replaceable, worth nothing alone.

Ten random characters of Crockford's base32 and a check character, shown as ``XXXX-XXXX-XXX``. It always holds a letter, so it can
never look like a 12-digit number, and is derived from nothing.

The check character makes the sum of the eleven, each times a weight of its own in the field of 32 elements, zero: one wrong
character and any two changed over are always noticed (ISO 7064's hybrid systems miss some neighbours changed over).
"""

from __future__ import annotations

import secrets

from ..foundation.ids import AMBIGUOUS, READABLE

_LENGTH = 10


def new_unified_id() -> str:
    """A fresh one, 11 characters, without hyphens."""
    while True:
        body = "".join(secrets.choice(READABLE) for _ in range(_LENGTH))
        if not body.isdigit():
            return body + _check_character(body)


def parse_unified_id(typed: str) -> str | None:
    """What a person typed (any case, hyphens, O for 0), or None if the check character does not fit."""
    value = typed.strip().upper().translate(AMBIGUOUS)
    if len(value) != _LENGTH + 1 or any(c not in READABLE for c in value):
        return None
    return value if _check_character(value[:-1]) == value[-1] else None


def grouped(unified_id: str) -> str:
    """As shown to people: ``XXXX-XXXX-XXX``."""
    return f"{unified_id[:4]}-{unified_id[4:8]}-{unified_id[8:]}"


def _check_character(body: str) -> str:
    total = 0
    for character in body:
        total = _times_x(total ^ READABLE.index(character))
    return READABLE[total]


def _times_x(element: int) -> int:
    """In GF(32) with the primitive polynomial x^5 + x^2 + 1: the weights x, x^2, … x^10 and 1 all differ."""
    return (element << 1) ^ (0b100101 if element & 0b10000 else 0)
