"""What no event may contain, whatever its schema: a My Number, characters that cannot be seen or that move their neighbours."""

from __future__ import annotations

import re
from typing import Any

import orjson

from idp.front.web import looks_like_my_number, text_problem

from ..families import EventRefusedError

_GAPS = str.maketrans("０１２３４５６７８９", "0123456789", " 　-－‐\t\n")
_TWELVE = re.compile(r"[0-9]{12}")
_NAMED = re.compile(r"個人番号|マイナンバー|my ?number|individual number", re.IGNORECASE)
# In JSON text: an escaped control character, or twelve digits with whatever may group them.
_SUSPICIOUS = re.compile(r"\\[ubf]|(?:[0-9０-９](?:\\[tn]|[ 　－‐-])*){12}")
_NOT_OURS = ("sequence", "time", "data")
MAX_ERRORS = 20
Pointer = tuple[int | str, ...]


def refuse_forbidden(event: dict[str, Any]) -> None:
    """Look at every value and member name. Raises `EventRefusedError` that names no value."""
    rest = [item for item in event.items() if item[0] not in _NOT_OURS]
    text = orjson.dumps([rest, event.get("data")]).decode()
    if not _SUSPICIOUS.search(text) and text_problem(text) is None:
        return  # the usual case: one pass over the text instead of one look at each value
    stack: list[tuple[Pointer, Any]] = [((), event)]
    unseen: list[dict[str, str]] = []
    while stack:
        where, value = stack.pop()
        if isinstance(value, str):
            _refuse_my_number(value)
            if reason := text_problem(value):
                unseen.append({"pointer": json_pointer(where), "reason": reason})
        elif isinstance(value, dict):
            stack.extend((where, name) for name in value)
            stack.extend(((*where, name), member) for name, member in value.items())
        elif isinstance(value, list):
            stack.extend(((*where, i), member) for i, member in enumerate(value))
        elif isinstance(value, int) and value >= 10**10:
            _refuse_my_number(f"{value:012d}")
    if unseen:
        detail = "The event contains characters that cannot be seen."
        raise EventRefusedError(422, "invalid_event", detail, errors=unseen[:MAX_ERRORS])


def _refuse_my_number(text: str) -> None:
    if len(text) >= 12 and holds_my_number(text):
        raise EventRefusedError(
            422,
            "my_number_refused",
            "The event contains what looks like an Individual Number (My Number). It was not kept.",
        )


def json_pointer(where: Pointer) -> str:
    """RFC 6901."""
    return "".join("/" + str(part)[:64].replace("~", "~0").replace("/", "~1") for part in where)


def holds_my_number(text: str) -> bool:
    """Whether `text` is twelve digits with a valid check digit (in any width, grouped or not), or names one and holds it.

    A run of twelve digits inside other text is not taken for one unless the text says so: receipt numbers look like that.
    """
    digits = text.translate(_GAPS) if len(text) <= 40 else ""
    if _TWELVE.fullmatch(digits):
        return looks_like_my_number(digits)
    return _NAMED.search(text) is not None and looks_like_my_number(text)
