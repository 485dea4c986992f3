"""The 12-digit Individual Number (My Number) must never get in, not even by mistake in a free text."""

from __future__ import annotations

import re
import unicodedata

CANDIDATE = re.compile(r"(?<!\d)(?:\d[ \-]?){11}\d(?!\d)")


def contains_individual_number(text: str) -> bool:
    """Whether a text holds twelve digits, alone or grouped, whose last is the check digit of an Individual Number."""
    normal = unicodedata.normalize("NFKC", text).replace("‐", "-").replace("−", "-").replace("ー", "-")
    return any(has_check_digit(re.sub(r"\D", "", match.group())) for match in CANDIDATE.finditer(normal))


def has_check_digit(digits: str) -> bool:
    """The check digit of an Individual Number: weights 2 to 7, then 2 to 6, from the right, modulo 11."""
    places = [int(digit) for digit in reversed(digits[:11])]
    weights = [place + 1 if place <= 6 else place - 5 for place in range(1, 12)]
    rest = sum(place * weight for place, weight in zip(places, weights, strict=True)) % 11
    return int(digits[11]) == (0 if rest <= 1 else 11 - rest)
