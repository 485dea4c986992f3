"""The one guarded HTTP client for addresses that someone else supplied (back-channel logout, JWKS, sector documents).

Against server-side request forgery: https only (http only to allow-listed places), no redirects, every address the name
resolves to must be public or allow-listed, the connection goes to the address that was checked, and the whole time, looking up the
name included, and the size are bounded.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from urllib.parse import urlsplit

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as UrllibTimeoutError

from .resolver import LookupPendingError, Resolver, ResolverBusyError
from .settings import Settings

CHECK_SECONDS = 3.0


class OutboundError(Exception):
    """The call was refused or failed; the text names no secret and no personal data."""


class OutboundBusyError(OutboundError):
    """Too many calls of this kind, or to this host, are under way; nobody was asked."""


class _NameTimeoutError(OutboundError):
    """The name was not resolved in time; the look-up still runs."""

    def __init__(self, pending: LookupPendingError) -> None:
        super().__init__("the name does not resolve in time")
        self.look_up = pending.look_up


class Bulkhead:
    """How many calls of one kind may be under way at once, in all and to one host. Whoever finds no place is refused, not queued.

    So a host that hangs, however often it is asked for, holds up a few requests and never all threads. Looking up its name counts,
    also when nobody waits for it any more.
    """

    def __init__(self, in_all: int = 8, to_one_host: int = 2) -> None:
        self._in_all = in_all
        self._to_one_host = to_one_host
        self._lock = threading.Lock()
        self._under_way: Counter[str] = Counter()

    @contextmanager
    def held(self, host: str) -> Iterator[None]:
        """Raises `OutboundBusyError`."""
        with self._lock:
            if self._under_way.total() >= self._in_all or self._under_way[host] >= self._to_one_host:
                raise OutboundBusyError("too many requests are waiting for this host")
            self._under_way[host] += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way[host] -= 1
                self._under_way += Counter()  # leaves out who is at zero


@dataclass(frozen=True)
class HttpAnswer:
    """What came back: status code, content type (lower case, no parameters), at most `max_bytes` of body."""

    status: int
    content_type: str
    body: bytes


class Outbound:
    """Guarded POST and GET."""

    def __init__(self, settings: Settings) -> None:
        self._names = Resolver()
        self._allowed = [ipaddress.ip_network(n) for n in settings.outbound_allow]
        if settings.outbound_loopback:
            self._allowed += [ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")]

    def get(self, url: str, bulkhead: Bulkhead, *, timeout: float = 5.0, max_bytes: int = 65536) -> HttpAnswer:
        """GET `url`, while a request of somebody waits for it: hence the `bulkhead`. Raises `OutboundError`."""
        try:
            host = urlsplit(url).hostname or ""
        except ValueError:
            raise OutboundError("not an http(s) address") from None
        with ExitStack() as held:
            held.enter_context(bulkhead.held(host))
            try:
                return self._request("GET", url, None, {}, timeout, max_bytes)
            except _NameTimeoutError as error:
                error.look_up.when_done(held.pop_all().close)
                raise

    def post(
        self,
        url: str,
        body: bytes,
        content_type: str,
        *,
        bearer: str | None = None,
        authorization: str | None = None,
        accept: str | None = None,
        timeout: float = 5.0,
        max_bytes: int = 65536,
    ) -> HttpAnswer:
        """POST `body` to `url`, with `bearer` as its access token or a whole `authorization`, from the delivery loop. Raises
        `OutboundError`.
        """
        headers = {"Content-Type": content_type}
        if bearer is not None:
            authorization = f"Bearer {bearer}"
        if authorization is not None:
            headers["Authorization"] = authorization
        if accept is not None:
            headers["Accept"] = accept
        return self._request("POST", url, body, headers, timeout, max_bytes)

    def check(self, url: str) -> None:
        """Raise `OutboundError` unless `url` may be called as things stand."""
        self._address(url, CHECK_SECONDS)

    def _address(self, url: str, seconds: float) -> tuple[str, str, int, str]:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise OutboundError("not an http(s) address") from None
        if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
            raise OutboundError("not an http(s) address")
        if port is None:
            port = 443 if parts.scheme == "https" else 80
        try:
            found = self._names.addresses(host, port, seconds)
        except ResolverBusyError:
            raise OutboundBusyError("too many names are being looked up") from None
        except LookupPendingError as pending:
            raise _NameTimeoutError(pending) from None
        if not found:
            raise OutboundError("the name does not resolve")
        addresses = [ipaddress.ip_address(a.split("%")[0]) for a in found]
        allowed = [a for a in addresses if any(a in n for n in self._allowed)]
        if parts.scheme == "http" and len(allowed) != len(addresses):
            raise OutboundError("plain http is only for allow-listed networks")
        if any(not (a in allowed or _is_public(a)) for a in addresses):
            raise OutboundError("the address is not public")
        chosen = sorted(addresses, key=lambda a: a.version)[0]
        return parts.scheme, host, port, str(chosen)

    def _request(
        self, method: str, url: str, body: bytes | None, headers: dict[str, str], timeout: float, max_bytes: int
    ) -> HttpAnswer:
        ends = time.monotonic() + timeout
        scheme, host, port, address = self._address(url, timeout)
        timeout = max(0.1, ends - time.monotonic())
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection = _connect_later(scheme, host, port, address, timeout)
        with _deadline(connection, timeout) as deadline:
            try:
                connection.connect()
                deadline.sock = connection.sock
                connection.request(
                    method,
                    target,
                    body=body,
                    headers={
                        "Host": parts.netloc,
                        "User-Agent": "machi-id",
                        "Accept-Encoding": "identity",
                        **headers,
                    },
                    preload_content=False,
                    decode_content=False,
                )
                response = connection.getresponse()
                data = response.read(max_bytes + 1)
            except (HTTPError, HTTPException, OSError, ValueError) as error:
                # The socket's own limit may end a moment before the deadline does.
                late = deadline.passed or isinstance(error, (TimeoutError, UrllibTimeoutError))
                raise OutboundError("no answer in time" if late else _named(error)) from None
        if deadline.passed:
            raise OutboundError("no answer in time")
        if len(data) > max_bytes:
            raise OutboundError("the answer is too large")
        kind = (response.headers.get("Content-Type") or "").split(";")[0].strip().lower()
        return HttpAnswer(response.status, kind, data)


# NAT64 (RFC 6052): the last 32 bits are an IPv4 address.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address is one of the public Internet; one that wraps an IPv4 address is judged by that too."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if (inner is not None and not _is_public(inner)) or address.is_site_local or address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _named(error: Exception) -> str:
    return f"no answer ({type(error).__name__})"


def _connect_later(scheme: str, host: str, port: int, address: str, timeout: float) -> HTTPConnection:
    """A connection to the address that was checked; certificates are verified for the host's name."""
    if scheme == "https":
        return HTTPSConnection(address, port, timeout=min(timeout, 3.0), server_hostname=host, assert_hostname=host)
    return HTTPConnection(address, port, timeout=min(timeout, 3.0))


class _Deadline:
    """Ends the connection when its time is over, however slowly bytes drip: a socket's own timeout starts anew at each."""

    def __init__(self, connection: HTTPConnection) -> None:
        self.passed = False
        self.sock: socket.socket | None = None
        self._connection = connection

    def cut(self) -> None:
        self.passed = True
        sock = self.sock or self._connection.sock
        if sock is not None:
            with suppress(OSError):
                # The plain socket's, also under TLS: an SSLSocket's own would pull the state from under the reader.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)


@contextmanager
def _deadline(connection: HTTPConnection, seconds: float) -> Iterator[_Deadline]:
    deadline = _Deadline(connection)
    watch = threading.Timer(seconds, deadline.cut)
    watch.daemon = True
    watch.start()
    try:
        yield deadline
    finally:
        watch.cancel()
        connection.close()
