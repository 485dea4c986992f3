"""Texts and addresses that others wrote (departments, apps, the register): what is taken from them, and what of any may be shown.

Whoever takes one in asks `text_problem`; whoever shows one uses `displayable` (on pages `isolated`) and `linkable_url`, for rows may be
older.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

# Variation selectors are part of names in Japan (Unicode UTS #37) and choose the look of emoji: one, after what it varies.
_SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
# Joiners belong between emoji and inside words of Arabic and Indic scripts (RFC 5892 appendix A), nowhere else.
_JOINERS = "\u200c\u200d"
_JOINED = "\u0600-\u1cff\ua800-\uabff\u2190-\u2bff\ufe0f\U0001f000-\U0001faff"
# Controls, marks of direction, spaces without width, fillers, tags, noncharacters, halves of characters.
_NEVER = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\u2800\u3164\ud800-\udfff\ufdd0-\ufdef\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
)
# More of these on one letter run over the lines above and below.
_MARKS = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"

_UNSEEN = re.compile(
    f'[{_NEVER}]|(?<![^\\s"{_SELECTORS}])[{_SELECTORS}]|(?<![{_JOINED}])[{_JOINERS}]|(?<=[{_MARKS}]{{4}})[{_MARKS}]'
)
_PERHAPS = re.compile(f"[{_NEVER}{_SELECTORS}{_JOINERS}{_MARKS}]")  # one quick look at what is nearly always nothing
# Bytes of UTF-8 that, but for one character, none of these has: ASCII that is seen, what continues a character, and the first bytes of
# Latin, Greek, Cyrillic and Hebrew, kana, kanji and hangul.
_PLAIN = bytes((*range(0x20, 0x7F), *range(0x80, 0xC0), *range(0xC3, 0xCC), *range(0xCE, 0xD8), *range(0xE3, 0xED)))
_HANGUL_FILLER = "\u3164".encode()
_ALIKE = str.maketrans("аеорсухіјѕһԁԛԝмнтвкαονρτυικロカニハエタトへ0", "aeopcyxijshdqwmhtbkaovptuik口力二八工夕卜ヘo")
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(:[0-9]{1,5})?")
_NOT_IN_ADDRESSES = re.compile(r"[\x00-\x20\x7f-\xa0\\]")


def text_problem(text: str) -> str | None:
    """Why `text` is not taken, or None. Tabs and line breaks are for the caller to judge."""
    found = _UNSEEN.search(text) if _PERHAPS.search(text) else None
    return f"must not contain the character U+{ord(found[0]):04X}" if found else None


def plain_bytes(utf8: bytes) -> bool:
    """Whether the bytes of a text alone show that `text_problem` finds nothing in it: most texts, in a fortieth of the time that a
    look at each character takes.
    """
    return not utf8.translate(None, _PLAIN) and _HANGUL_FILLER not in utf8


def displayable(text: str) -> str:
    """What of `text` may be shown."""
    return _UNSEEN.sub("", text) if _PERHAPS.search(text) else text


def skeleton(name: str) -> str:
    """One form for names that look alike at a glance (after Unicode UTS #39 §4, with the few pairs that matter here)."""
    folded = unicodedata.normalize("NFKC", displayable(name)).casefold().translate(_ALIKE)
    return "".join(c for c in folded if c.isalnum())


def linkable_url(text: object) -> str | None:
    """`text` if a browser may be sent there: http or https, a host that is a name or an IPv4 address, no user. Never raises."""
    if not isinstance(text, str) or _NOT_IN_ADDRESSES.search(text) or text_problem(text):
        return None
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    return text if parts.scheme in ("http", "https") and _HOST.fullmatch(parts.netloc) else None
