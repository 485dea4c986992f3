"""Where a request comes from, as limits count it."""

from __future__ import annotations

from flask import request

from ..addresses import network_of, read_address


def known_network() -> str | None:
    """The caller's network (`foundation.addresses.network_of`); None if the proxy gave no address that can be read."""
    address = read_address(request.remote_addr)
    return network_of(address) if address is not None else None


def client_network() -> str:
    """What rate limits count a caller by; the address itself is neither stored nor logged.

    Who has no address that can be read slips past no limit: they share one counter for each proxy, and with nobody who has one.
    """
    return known_network() or f"unreadable, through {_peer_network()}"


def _peer_network() -> str:
    """Of who is at the other end of the connection, whatever a header says (kept by `ProxyFix`)."""
    kept = request.environ.get("werkzeug.proxy_fix.orig") or {}
    peer = read_address(kept.get("REMOTE_ADDR"))
    return network_of(peer) if peer is not None else "nobody"
