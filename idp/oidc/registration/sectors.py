"""Sectors (OIDC Core §8.1): clients of one sector know a resident by the same `sub`, so being in one has to be proven.

A name says what kind of thing it names, so that a host is never taken for a client id: `host:app.example.jp` a host, `client:ID` what
one client began, `earlier:…` what several clients shared before sectors had to be proven. Only subjects and this module look inside.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..client_metadata import MetadataError
from ..clients.model import SectorProof

MAX_LENGTH = 255
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")


@dataclass(frozen=True)
class Sector:
    """Where a client is, and why."""

    name: str
    proof: SectorProof


@dataclass(frozen=True)
class SectorClaim:
    """What speaks for a sector; `name` None is the client's own, whose id may not be known yet."""

    name: str | None
    proof: SectorProof

    def by(self, client_id: str) -> Sector:
        return Sector(self.name or own_sector(client_id), self.proof)


def own_sector(client_id: str) -> str:
    return f"client:{client_id}"


def host_sector(host: str) -> str:
    """Raises `MetadataError` for a host too long to be one."""
    name = f"host:{host}"
    if len(name) > MAX_LENGTH:
        raise MetadataError("redirect_uris", "the host is too long")
    return name


def host_of(uri: str) -> str | None:
    """The host of an https address, which is the same whatever its port and spelling; None where it is nobody's alone.

    Nobody's: the loopback interface (every machine has one) and a native app's own scheme (any app may take it).
    """
    parts = urlsplit(uri)
    if parts.scheme != "https" or not parts.hostname:
        return None
    host = parts.hostname.lower().rstrip(".")
    address = _address(host)
    if address is not None:
        return None if address.is_loopback else str(address)
    return None if host == "localhost" or host.endswith(".localhost") else host


def decided(text: str) -> SectorClaim:
    """What the city says: `own`, `host:NAME`, or the name of a sector that some app has. Raises `MetadataError`."""
    kind, _, rest = text.partition(":")
    if text == "own":
        return SectorClaim(None, SectorProof.DECIDED)
    if kind == "host":
        host = rest.lower().rstrip(".")
        if not _NAME.fullmatch(host) or host_of(f"https://{host}/") != host:
            raise MetadataError("sector", "must name a host by its name alone, without scheme, port and path")
        return SectorClaim(host_sector(host), SectorProof.DECIDED)
    if kind not in ("client", "earlier"):
        raise MetadataError("sector", "must be own, host:NAME or the sector of an app")
    return SectorClaim(text, SectorProof.DECIDED)


def by_addresses(metadata: dict[str, Any], city: bool) -> SectorClaim:
    """Without a document: the one host of the redirect URIs if the city registers them; otherwise the client's own.

    A redirect URI alone proves nothing: grants that go through none tell a `sub` all the same. Raises `MetadataError`.
    """
    hosts = {host_of(uri) for uri in metadata.get("redirect_uris", [])}
    if len(hosts) > 1:
        raise MetadataError("redirect_uris", "several hosts need a sector_identifier_uri")
    host = hosts.pop() if hosts else None
    return (
        SectorClaim(host_sector(host), SectorProof.REGISTERED)
        if city and host is not None
        else SectorClaim(None, SectorProof.OWN)
    )


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An IP address in any spelling that browsers take for one (`127.1`, `0x7f000001`, `::ffff:127.0.0.1`)."""
    try:
        if ":" not in host:
            return ipaddress.IPv4Address(socket.inet_aton(host))
        found = ipaddress.IPv6Address(host)
    except (OSError, ValueError):
        return None
    return found.ipv4_mapped or found
