"""The one way to write an issuer or another base URL of ours (docs/decisions/0031).

Apps compare an issuer character by character (OIDC Core §2), browsers send an origin in lower case, without a default port and
with A-labels (RFC 6454 §6.2). Only a URL that both write alike works, and a running installation's must never change by itself:
so another spelling is refused with the right one, not rewritten.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
# `~` stands for `/` in names of cookies, hence in no path.
_PATH = re.compile(r"(/(?!\.{1,2}(?:/|$))[A-Za-z0-9._-]+)*")


def normal_base_url(value: str) -> str:
    """`value` if it is written as browsers and apps write it; slashes at its end are left out. Raises ValueError with one line."""
    given = value.rstrip("/")
    parts = urlsplit(given)
    if parts.scheme not in _PORTS or not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("must be an http(s) URL without user, query or fragment")
    host = _ascii(parts.hostname)
    if not _HOST.fullmatch(host):
        raise ValueError("its host must be a name or an address")
    if not _PATH.fullmatch(parts.path):
        raise ValueError("its path may hold only letters, digits and . _ - between slashes")
    port = "" if parts.port in (None, _PORTS[parts.scheme]) else f":{parts.port}"
    normal = f"{parts.scheme}://{host}{port}{parts.path}"
    if given != normal:
        raise ValueError(f"write it as {normal} (lower case, no default port, IDN as xn--)")
    return normal


def _ascii(host: str) -> str:
    if ":" in host:
        return f"[{host}]"
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode().lower()
    except UnicodeError:
        raise ValueError("its host is no valid internationalised name") from None
