"""Addresses of callers in the forms that proxies write them, and the networks by which callers are counted."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

# RFC 7239 §6, which `X-Forwarded-For` follows where it says more than an address: brackets around v6, a port or a name for one.
_NODE = re.compile(r'"?(?:\[(?P<v6>[^\]]*)\]|(?P<v4>[0-9.]+))(?::(?:[0-9]{1,5}|_[A-Za-z0-9._-]+))?"?')
V4_PREFIX, V6_PREFIX = 24, 64


def read_address(text: str | None) -> IPv4Address | IPv6Address | None:
    """The address in ``a.b.c.d``, ``a.b.c.d:port``, ``v6``, ``v6%zone``, ``[v6]``, ``[v6]:port``. IPv4-mapped v6 is the IPv4 address
    (RFC 4291 §2.5.5.2). None for what is no address: ``unknown``, ``_hidden`` (RFC 7239 §6.2, §6.3), anything else."""
    node = (text or "").strip()
    if match := _NODE.fullmatch(node):
        node = match["v6"] if match["v6"] is not None else match["v4"]
        if match["v6"] is not None and ":" not in node:
            return None
    try:
        address = ip_address(node.partition("%")[0] if ":" in node else node)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


@lru_cache(maxsize=4096)
def network_named(text: str | None) -> str | None:
    """`network_of` an address as it was written; None for what is no address. Kept: the same callers come again and again."""
    address = read_address(text)
    return network_of(address) if address is not None else None


def network_of(address: IPv4Address | IPv6Address) -> str:
    """The network a caller is counted in: /24, or the /64 that is one subscriber's line, e.g. ``192.0.2.0/24``."""
    return str(ip_network(f"{address}/{V4_PREFIX if address.version == 4 else V6_PREFIX}", strict=False))
