"""What no event may contain, whatever its schema: a My Number, control characters, bottomless nesting."""

from __future__ import annotations

import re
from typing import Any

from ..ledger import RefusedError

MAX_DEPTH = 16
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_GAPS = str.maketrans("０１２３４５６７８９", "0123456789", " 　-－‐\t\n")
_TWELVE = re.compile(r"[0-9]{12}")
_RUN = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")
_NAMED = re.compile(r"個人番号|マイナンバー|my ?number|individual number", re.IGNORECASE)
_WEIGHTS = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)


def refuse_forbidden(event: Any) -> None:
    """Look at every value and member name. Raises `RefusedError` that names no value."""
    stack = [(event, 0)]
    while stack:
        value, depth = stack.pop()
        if isinstance(value, str):
            _check_text(value)
        elif isinstance(value, dict):
            if depth >= MAX_DEPTH:
                raise RefusedError(422, "invalid_event", "The event is nested too deeply.")
            for name, inner in value.items():
                _check_text(name)
                stack.append((inner, depth + 1))
        elif isinstance(value, list):
            if depth >= MAX_DEPTH:
                raise RefusedError(422, "invalid_event", "The event is nested too deeply.")
            stack.extend((inner, depth + 1) for inner in value)
        elif isinstance(value, int) and value >= 10**10:
            _check_text(f"{value:012d}")


def _check_text(text: str) -> None:
    if _CONTROL.search(text):
        raise RefusedError(422, "invalid_event", "The event contains control characters.")
    if len(text) >= 12 and holds_my_number(text):
        raise RefusedError(
            422,
            "my_number_refused",
            "The event contains what looks like an Individual Number (My Number). It was not kept.",
        )


def holds_my_number(text: str) -> bool:
    """Whether `text` is twelve digits with a valid check digit (in any width, grouped or not), or names one and holds it.

    A run of twelve digits inside other text is not taken for one unless the text says so: receipt numbers look like that.
    """
    digits = text.translate(_GAPS) if len(text) <= 40 else ""
    if _TWELVE.fullmatch(digits):
        return check_digit_fits(digits)
    if _NAMED.search(text):
        return any(check_digit_fits(run) for run in _RUN.findall(text.translate(_GAPS)))
    return False


def check_digit_fits(digits: str) -> bool:
    """The check digit of an Individual Number: weights 6 5 4 3 2 7 6 5 4 3 2, modulus 11 (番号法に規定する省令 第5条)."""
    remainder = sum(int(d) * w for d, w in zip(digits[:11], _WEIGHTS, strict=True)) % 11
    return int(digits[11]) == (0 if remainder <= 1 else 11 - remainder)
