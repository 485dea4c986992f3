"""Texts that departments write in several languages: `{"ja": "…", "en": "…"}`."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

Localised = dict[str, str]


def pick(localised: Mapping[str, str] | None, lang: str) -> tuple[str, str]:
    """The text for a reader of `lang`, and the language it is in: `lang` or a variant of it, else Japanese, else any."""
    if not localised:
        return "", lang
    for tag in (lang, *(t for t in localised if t.split("-")[0] == lang), "ja"):
        if localised.get(tag):
            return localised[tag], tag
    return next(((text, tag) for tag, text in localised.items() if text), ("", lang))


def searchable(texts: Iterable[str | Mapping[str, str] | None]) -> str:
    """What a search looks into: every text in every language, width and case folded (Unicode NFKC)."""
    flat: list[str] = []
    for text in texts:
        flat.extend([text] if isinstance(text, str) else (text or {}).values())
    return fold(" ".join(flat))


def fold(text: str) -> str:
    """One form for texts that differ only in width or case: ＡＢＣ, abc and ABC meet."""
    return unicodedata.normalize("NFKC", text).casefold()


def like_pattern(query: str) -> str:
    r"""A LIKE pattern (escape character ``\``) that finds `query` anywhere in a `searchable` text."""
    escaped = fold(query.strip()[:100]).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
