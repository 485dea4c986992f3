"""Whether an address that is sent is one that its client registered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import SplitResult, urldefrag, urlsplit

MAX_LENGTH = 2000
# RFC 3986 §2
_URI = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")
_AUTHORITY = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])?(:[0-9]*)?")
_ON_LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(?::[0-9]*)?((?:[/?].*)?)")


ADDRESS_COMPARISON = (
    "redirect_uri must equal one that is registered, character by character; only the port of a native app's loopback "
    "address may differ (RFC 9700 section 2.1, RFC 8252 section 7.3)"
)


def parts_of(uri: str) -> SplitResult | None:
    """The parts of an address, if it is one: URI characters only, a host that is a name or an IP address, a port that is a number.

    Hosts are written into the Content-Security-Policy of pages that lead there, so nothing else may stand in them.
    """
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return None
    if len(uri) > MAX_LENGTH or not _URI.fullmatch(uri) or not _AUTHORITY.fullmatch(parts.netloc):
        return None
    return parts


def is_registered(uri: str, registered: Sequence[str], application_type: str) -> bool:
    """Exact comparison; a native client's loopback address may differ in the port (RFC 8252 §7.3)."""
    if uri in registered:
        return True
    if application_type != "native":
        return False
    given = _without_port(uri)
    return given is not None and any(_without_port(one) == given for one in registered)


def is_registered_request(uri: str, registered: Sequence[str]) -> bool:
    """Whatever stands in the fragment: it only marks the version of what is there (OIDC Core §6.2), and nothing is cached here."""
    return urldefrag(uri).url in {urldefrag(one).url for one in registered}


def _without_port(uri: str) -> tuple[str, str] | None:
    """The text before and after the port of an address on the loopback interface; None for any other."""
    found = _ON_LOOPBACK.fullmatch(uri) if parts_of(uri) is not None else None
    return (found[1], found[2]) if found is not None else None
