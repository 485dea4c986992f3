"""An installation seen from outside: what its proxy does with what a client sends. The client is `machi doctor`."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult, urlsplit

import orjson

from ..foundation import clock
from ..foundation.vault import Vault
from ..foundation.web.health import DOCTOR, doctors_word

# An address that is nobody's (RFC 5737), as a client would make one up.
MADE_UP = "192.0.2.66"
SECONDS = 5.0
# So long a request that is not whole is watched; ours is answered within milliseconds when it is passed on.
WATCH = 3.0
Line = tuple[str, str, str]


def look_at_front(url: str, vault: Vault) -> Iterator[Line]:
    """Name, state and sentence of each finding. `url` is the public base URL."""
    place = urlsplit(url)
    try:
        status, date, body = _ask(place, vault)
    except (OSError, http.client.HTTPException) as error:
        yield "front", "FAIL", f"{url} cannot be reached from here ({type(error).__name__})"
        return
    yield from _clock(date)
    try:
        seen = orjson.loads(body)["seen"]
        address, scheme = str(seen["address"]), str(seen["scheme"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        yield (
            "front",
            "FAIL",
            f"{url}/readyz answers {status}, but not as this installation: another one, or kept back by the proxy?",
        )
        return
    if address == MADE_UP:
        yield (
            "addresses",
            "FAIL",
            "a client can choose its own address: the proxy must set X-Forwarded-For, not pass it on",
        )
    else:
        yield "addresses", "ok", f"this machine is seen as {address}"
    if scheme != place.scheme:
        yield "scheme", "FAIL", f"https arrives as {scheme}: X-Forwarded-Proto, or MACHI_TRUSTED_PROXIES"
    else:
        yield "scheme", "ok", scheme
    try:
        whole = takes_whole(place)
    except OSError as error:
        yield "slow bodies", "warn", f"could not be looked at ({type(error).__name__})"
        return
    if whole:
        yield "slow bodies", "ok", "the proxy takes a request whole before it passes it on"
    else:
        yield "slow bodies", "FAIL", "requests arrive before they are whole: switch on the proxy's request buffering"


def _clock(date: str | None) -> Iterator[Line]:
    try:
        apart = abs((clock.now() - parsedate_to_datetime(date or "")).total_seconds())
    except (ValueError, TypeError):
        return
    yield "front's clock", "ok" if apart < 5 else "warn" if apart < 30 else "FAIL", f"{apart:.0f} s from ours"


def _ask(place: SplitResult, vault: Vault) -> tuple[int, str | None, bytes]:
    kind = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
    connection = kind(place.hostname or "", place.port, timeout=SECONDS)
    headers = {DOCTOR: doctors_word(vault), "X-Forwarded-For": MADE_UP, "X-Forwarded-Proto": "made-up"}
    try:
        connection.request("GET", f"{place.path}/readyz", headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Date"), answer.read(65536)
    finally:
        connection.close()


def takes_whole(place: SplitResult) -> bool:
    """Whether a request whose body has not come yet stays with the proxy. We refuse this one without its body: an answer says that
    it was passed on.
    """
    host = place.hostname or ""
    request = f"POST {place.path}/healthz HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Length: 1000\r\n\r\n-"
    with socket.create_connection((host, place.port or (443 if place.scheme == "https" else 80)), SECONDS) as plain:
        line = (
            ssl.create_default_context().wrap_socket(plain, server_hostname=host) if place.scheme == "https" else plain
        )
        with line:
            line.sendall(request.encode())
            line.settimeout(WATCH)
            try:
                return b" 405 " not in line.recv(64)
            except TimeoutError:
                return True
            except (
                ConnectionResetError
            ):  # the refusal, overtaken by the end of a connection on which something was left unread
                return False
