"""What no event may contain, whatever its schema: a My Number, control characters."""

from __future__ import annotations

import re
from typing import Any

import orjson

from idp import looks_like_my_number

from ..ledger import RefusedError

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_GAPS = str.maketrans("０１２３４５６７８９", "0123456789", " 　-－‐\t\n")
_TWELVE = re.compile(r"[0-9]{12}")
_NAMED = re.compile(r"個人番号|マイナンバー|my ?number|individual number", re.IGNORECASE)
# In JSON text: an escaped or bare control character, or twelve digits with whatever may group them.
_SUSPICIOUS = re.compile(r"\\[ubf]|\x7f|(?:[0-9０-９](?:\\[tn]|[ 　－‐-])*){12}")
_NOT_OURS = ("sequence", "time", "data")


def refuse_forbidden(event: dict[str, Any]) -> None:
    """Look at every value and member name. Raises `RefusedError` that names no value."""
    rest = [item for item in event.items() if item[0] not in _NOT_OURS]
    if not _SUSPICIOUS.search(orjson.dumps([rest, event.get("data")]).decode()):
        return  # the usual case: one pass over the text instead of one look at each value
    stack: list[Any] = [rest, event.get("data"), event.get("time"), event.get("sequence")]
    while stack:
        value = stack.pop()
        if isinstance(value, str):
            _check_text(value)
        elif isinstance(value, dict):
            stack.extend(value)
            stack.extend(value.values())
        elif isinstance(value, (list, tuple)):
            stack.extend(value)
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
        return looks_like_my_number(digits)
    return _NAMED.search(text) is not None and looks_like_my_number(text)
