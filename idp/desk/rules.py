"""The rules that registration names, in the language of the page. Programs get them in English (RFC 7591 §3.2.2)."""

from __future__ import annotations

import re

from flask_babel import gettext

_LISTS = re.compile(r"must be (?:one of|among) (.*)|(?:FAPI 2\.0 (?:allows|asks for one of)) (.*)", re.DOTALL)


def explain(rule: str) -> str:
    """A rule's sentence; one that is not in the catalogue stays English rather than unsaid."""
    found = _LISTS.fullmatch(rule)
    if found is not None:
        return str(gettext("Only these are possible: %(values)s", values=found.group(1) or found.group(2)))
    return str(gettext(rule))
