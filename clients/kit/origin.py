"""Where a browser may be sent: only to paths of this app."""

from __future__ import annotations

from urllib.parse import urlsplit


def own_path(url: str | None, base_url: str) -> str | None:
    """The path (with query) if `url` is a path of this app or an absolute URL below `base_url`; None for anything else.

    Browsers read `//host`, `/\\host` and control characters inside a URL in their own way, so those are refused.
    """
    if (
        not url
        or len(url) > 2000
        or "\\" in url
        or any(ord(character) <= 32 or ord(character) == 127 for character in url)
    ):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme or parts.netloc:
        own = urlsplit(base_url)
        if (parts.scheme, parts.netloc.lower()) != (own.scheme, own.netloc.lower()):
            return None
    elif not url.startswith("/"):
        return None
    path, below = parts.path or "/", urlsplit(base_url).path
    if path.startswith("//") or not (path == below or path.startswith(below + "/")):
        return None
    return f"{path}?{parts.query}" if parts.query else path
