"""What no event may contain, whatever its schema: a My Number, characters that cannot be seen or that move their neighbours."""

from __future__ import annotations

import re
from typing import Any

import orjson

from idp.front.web import looks_like_my_number, plain_bytes, text_problem

from ..families import EventRefusedError

_GAPS = str.maketrans("０１２３４５６７８９", "0123456789", " 　-－‐\t\n")
_TWELVE = re.compile(r"[0-9]{12}")
_NAMED = re.compile(r"個人番号|マイナンバー|my ?number|individual number", re.IGNORECASE)
# In JSON text: an escaped control character, or twelve digits with whatever may group them.
_SUSPICIOUS = re.compile(r"\\[ubf]|(?:[0-9０-９](?:\\[tn]|[ 　－‐-])*){12}")
# The same of bytes, where nothing is escaped, and a little more than that: the last byte of a digit of either width is a zero, and the
# other bytes of what may group digits are left out.
_LAST = b"0123456789" + bytes(range(0x90, 0x9A))
_AS_ZERO = bytes.maketrans(_LAST, b"0" * len(_LAST))
_GROUPING = " -　－‐０".encode().translate(None, _LAST)
_DOZEN = b"0" * 12
_NOT_OURS = ("sequence", "time", "data")
MAX_ERRORS = 20
Pointer = tuple[int | str, ...]


def refuse_forbidden(event: dict[str, Any]) -> None:
    """Look at every value and member name. Raises `EventRefusedError` that names no value."""
    rest = [item for item in event.items() if item[0] not in _NOT_OURS]
    written = orjson.dumps([rest, event.get("data")])
    if _plain(written):
        return  # the usual case
    text = written.decode()
    if not _SUSPICIOUS.search(text) and text_problem(text) is None:
        return  # nearly as usual: one pass over the text instead of one look at each value
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


def _plain(written: bytes) -> bool:
    """Whether the bytes of JSON alone show that nothing in it is suspicious or a problem."""
    return _few_digits(written) and plain_bytes(written)


def _few_digits(written: bytes) -> bool:
    """Whether nothing is escaped and no twelve digits are side by side, even with what may group them taken away."""
    return b"\\" not in written and _DOZEN not in written.translate(_AS_ZERO, _GROUPING)


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
