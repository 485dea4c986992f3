"""What an address must be that a client registers: each rule in words that a developer can act on."""

from __future__ import annotations

from urllib.parse import SplitResult

from ...foundation.settings import Settings
from ..clients import parts_of

_LOOPBACK = ("127.0.0.1", "::1", "localhost")

NO_ADDRESS = "must be an address: URI characters only, a host without user name"
NO_WILDCARD = "must be a whole address; * stands for nothing"
NO_FRAGMENT = "must be an address without fragment or user"
HTTPS = "must be an https address"
NATIVE = (
    "must be an https address, or, for application_type native, http on the loopback interface or a scheme of its own"
)
OWN_SCHEME = "must have as its own scheme a domain name in reverse, like jp.example.app (RFC 8252 section 7.1)"


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


def _has_host(parts: SplitResult) -> bool:
    return bool((parts.hostname or "").strip("."))
