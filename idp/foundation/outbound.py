"""The one guarded HTTP client for addresses that someone else supplied (back-channel logout, JWKS, sector documents).

Against server-side request forgery: https only (http only to allow-listed places), no redirects, every address the name
resolves to must be public or allow-listed, the connection goes to the address that was checked, and time and size are bounded.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

import urllib3
from urllib3.util import Timeout

from .settings import Settings


class OutboundError(Exception):
    """The call was refused or failed; the text names no secret and no personal data."""


@dataclass(frozen=True)
class Answer:
    """What came back: status code, content type (lower case, no parameters), at most `max_bytes` of body."""

    status: int
    content_type: str
    body: bytes


class Outbound:
    """Guarded POST and GET."""

    def __init__(self, settings: Settings) -> None:
        self._allowed = [ipaddress.ip_network(n) for n in settings.outbound_allow]
        if settings.outbound_loopback:
            self._allowed += [ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")]

    def get(self, url: str, *, timeout: float = 5.0, max_bytes: int = 65536) -> Answer:
        """GET `url`. Raises `OutboundError`."""
        return self._request("GET", url, None, {}, timeout, max_bytes)

    def post(self, url: str, body: bytes, content_type: str, *, timeout: float = 5.0, max_bytes: int = 65536) -> Answer:
        """POST `body` to `url`. Raises `OutboundError`."""
        return self._request("POST", url, body, {"Content-Type": content_type}, timeout, max_bytes)

    def check(self, url: str) -> None:
        """Raise `OutboundError` unless `url` may be called as things stand."""
        self._address(url)

    def _address(self, url: str) -> tuple[str, str, int, str]:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme not in ("http", "https") or not host or parts.username:
            raise OutboundError("not an http(s) address")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            found = {info[4][0] for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
        except OSError:
            raise OutboundError("the name does not resolve") from None
        addresses = [ipaddress.ip_address(str(a).split("%")[0]) for a in found]
        allowed = [a for a in addresses if any(a in n for n in self._allowed)]
        if parts.scheme == "http" and len(allowed) != len(addresses):
            raise OutboundError("plain http is only for allow-listed networks")
        if any(not (a.is_global or a in allowed) or a.is_multicast for a in addresses):
            raise OutboundError("the address is not public")
        chosen = sorted(addresses, key=lambda a: a.version)[0]
        return parts.scheme, host, port, str(chosen)

    def _request(
        self, method: str, url: str, body: bytes | None, headers: dict[str, str], timeout: float, max_bytes: int
    ) -> Answer:
        scheme, host, port, address = self._address(url)
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        authority = parts.netloc
        pool: urllib3.HTTPConnectionPool
        limits = Timeout(connect=min(timeout, 3.0), read=timeout, total=timeout)
        if scheme == "https":
            pool = urllib3.HTTPSConnectionPool(
                address, port, timeout=limits, server_hostname=host, assert_hostname=host, maxsize=1
            )
        else:
            pool = urllib3.HTTPConnectionPool(address, port, timeout=limits, maxsize=1)
        try:
            response = pool.urlopen(
                method,
                target,
                body=body,
                headers={"Host": authority, "User-Agent": "machi-id", "Accept-Encoding": "identity", **headers},
                redirect=False,
                retries=False,
                preload_content=False,
                assert_same_host=False,
            )
            data = response.read(max_bytes + 1)
            if len(data) > max_bytes:
                raise OutboundError("the answer is too large")
            kind = (response.headers.get("Content-Type") or "").split(";")[0].strip().lower()
            return Answer(response.status, kind, data)
        except urllib3.exceptions.HTTPError as error:
            raise OutboundError(f"no answer ({type(error).__name__})") from None
        finally:
            pool.close()
