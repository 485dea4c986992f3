"""Follows every link of every page, and says which addresses of ours leave the issuer's path."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from html import unescape
from urllib.parse import urlsplit

_ADDRESS = re.compile(r'\b(?:href|src|action|data-[a-z-]*url)="(/[^"]*)"')
_OTHER_PAGE = re.compile(r'<a\b[^>]*\bhref="(/[^"]*)"')


def pages_below(get: Callable[[str], tuple[int, str, str]], path: str, starts: Iterable[str]) -> set[str]:
    """Visits what can be reached by links from `starts`; `get` gives status, Location and text. Returns the paths of all pages."""
    waiting, seen = [path + start for start in starts], set[str]()
    while waiting:
        address = waiting.pop()
        page = urlsplit(address).path
        if page in seen:
            continue
        seen.add(page)
        status, location, text = get(address)
        assert status < 400, f"{address}: {status}"
        onward = [location] if location.startswith("/") else []
        outside = [a for a in [*_ADDRESS.findall(text), *onward] if not a.startswith(path + "/")]
        assert not outside, f"{address} leads to {outside}"
        waiting += [unescape(a) for a in _OTHER_PAGE.findall(text)] + onward
    return seen
