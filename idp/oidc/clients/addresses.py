"""Addresses that clients register, and whether one that is sent is one of them: each rule in words that a developer can act on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import SplitResult, urldefrag, urlsplit

from ...foundation.settings import Settings

MAX_LENGTH = 2000
# RFC 3986 §2
_URI = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")
_AUTHORITY = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])?(:[0-9]*)?")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_ON_LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(?::[0-9]*)?((?:[/?].*)?)")

NO_ADDRESS = "must be an address: URI characters only, a host without user name"
NO_WILDCARD = "must be a whole address; * stands for nothing"
NO_FRAGMENT = "must be an address without fragment or user"
HTTPS = "must be an https address"
NATIVE = (
    "must be an https address, or, for application_type native, http on the loopback interface or a scheme of its own"
)
OWN_SCHEME = "must have as its own scheme a domain name in reverse, like jp.example.app (RFC 8252 section 7.1)"

COMPARISON = (
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


def web_problem(settings: Settings, uri: str, *, fragment: bool = False) -> str | None:
    """The rule that an address on the web breaks: https (on this machine also http, in demonstrations), a host."""
    parts = parts_of(uri)
    if parts is None:
        return NO_FRAGMENT
    local = settings.http_redirects_on_localhost and parts.hostname in _LOOPBACK
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        return HTTPS
    return NO_FRAGMENT if not _has_host(parts) or ("#" in uri and not fragment) else None


def return_problem(settings: Settings, uri: str, application_type: str) -> str | None:
    """The rule that an address browsers are sent back to breaks: https; for native also own schemes and loopback (RFC 8252 §7)."""
    parts = parts_of(uri)
    if parts is None or not parts.scheme:
        return NO_ADDRESS
    if "#" in uri:
        return NO_FRAGMENT
    if "*" in uri:
        return NO_WILDCARD
    native = application_type == "native"
    if parts.scheme == "https":
        return None if _has_host(parts) else NO_ADDRESS
    if parts.scheme == "http":
        allowed = parts.hostname in _LOOPBACK and (native or settings.http_redirects_on_localhost)
        return None if allowed else NATIVE
    # Own schemes are reversed domain names (RFC 8252 §7.1), so that no dangerous scheme slips through.
    return NATIVE if not native else None if "." in parts.scheme else OWN_SCHEME


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


def _has_host(parts: SplitResult) -> bool:
    return bool((parts.hostname or "").strip("."))


def _without_port(uri: str) -> tuple[str, str] | None:
    """The text before and after the port of an address on the loopback interface; None for any other."""
    found = _ON_LOOPBACK.fullmatch(uri) if parts_of(uri) is not None else None
    return (found[1], found[2]) if found is not None else None
