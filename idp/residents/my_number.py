"""Recognising a 12-digit My Number, only to refuse it. Nothing that looks like one may be stored, logged or sent on."""

from __future__ import annotations

import re

_TWELVE = re.compile(r"(?<!\d)\d{12}(?!\d)")
_WEIGHTS = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)


def looks_like_my_number(text: str) -> bool:
    """Whether `text` holds twelve digits with a valid check digit (番号法総務省令 §5: weights 6 5 4 3 2 7 6 5 4 3 2, modulus 11)."""
    return any(_valid(found) for found in _TWELVE.findall(text.translate(_WIDE)))


_WIDE = str.maketrans("０１２３４５６７８９", "0123456789", " -　－")


def _valid(digits: str) -> bool:
    remainder = sum(int(d) * w for d, w in zip(digits[:11], _WEIGHTS, strict=True)) % 11
    return int(digits[11]) == (0 if remainder <= 1 else 11 - remainder)
