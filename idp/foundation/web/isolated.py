"""Other people's words on a page: in an element of their own, so that they cannot move, hide or continue what stands beside them."""

from __future__ import annotations

from markupsafe import Markup

from ..untrusted_text import displayable


def isolated(text: object, lang: str | None = None) -> Markup:
    """`<bdi>` (WHATWG HTML §4.5.24) around what of `text` can be seen, marked with `lang` if given; nothing around nothing."""
    words = displayable(str(text)) if text is not None else ""
    if not words.strip():
        return Markup("")
    return Markup('<bdi lang="{}">{}</bdi>').format(lang, words) if lang else Markup("<bdi>{}</bdi>").format(words)
