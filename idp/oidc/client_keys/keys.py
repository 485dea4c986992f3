"""The public keys of a client: registered (`jwks`) or fetched from its `jwks_uri` (OIDC Registration §2), through a cache.

A `jwks_uri` that is down, slow, huge or hostile costs nobody else anything: one fetch at a time for each address, few for each host
and in all, a short deadline, a pause after each try, and what was fetched before stays good for a while.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import orjson

from ...foundation.outbound import Bulkhead, Outbound, OutboundBusyError, OutboundError
from ..clients import RegisteredClient
from ..jose import KeysError, public_keys

log = logging.getLogger("machi.oidc")

MAX_BYTES = 131072
MAX_ADDRESSES = 5000
# Requests that wait for a first fetch which another of them makes, per address.
WAITING = 2


class ClientKeysError(KeysError):
    """The client's keys could not be had; the text is fit for an error description."""


@dataclass
class _Entry:
    keys: list[dict[str, Any]] = field(default_factory=list)
    fetched_at: float = -1e9
    tried_at: float = -1e9
    lock: threading.Lock = field(default_factory=threading.Lock)
    waiting: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(WAITING))


class ClientKeys:
    """Look-ups for signatures and encryption. Thread-safe."""

    TIMEOUT = 3.0
    MAX_AGE = 600.0
    """Fetched keys are looked at again after this long."""
    MIN_INTERVAL = 30.0
    """Between two fetches of one address, whatever is asked: an unknown `kid` cannot make us hammer anybody."""
    KEEP = 6 * 3600.0
    """While an address does not answer, its last keys stay good this long."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound
        self._entries: dict[str, _Entry] = {}
        self._lock = threading.Lock()
        self._bulkhead = Bulkhead()

    def of(self, client: RegisteredClient, kid: str | None = None) -> list[dict[str, Any]]:
        """The client's JWKs. With a `kid` none of them has, its `jwks_uri` is read anew. Raises `ClientKeysError`."""
        uri = client.metadata.get("jwks_uri")
        if uri is None:
            return list((client.metadata.get("jwks") or {}).get("keys", []))
        entry = self._entry(str(uri))
        stale = time.monotonic() - entry.fetched_at > self.MAX_AGE
        missing = kid is not None and all(k.get("kid") != kid for k in entry.keys)
        if stale or missing:
            self._refresh(str(uri), entry)
        if time.monotonic() - entry.fetched_at > self.KEEP:
            raise ClientKeysError("The client's jwks_uri could not be read.")
        return entry.keys

    def _entry(self, uri: str) -> _Entry:
        with self._lock:
            if uri not in self._entries and len(self._entries) >= MAX_ADDRESSES:
                self._entries.clear()
            return self._entries.setdefault(uri, _Entry())

    def _refresh(self, uri: str, entry: _Entry) -> None:
        """Read the address, unless somebody did so just now or does."""
        if not entry.lock.acquire(blocking=False):
            self._wait(entry)
            return
        try:
            if time.monotonic() - entry.tried_at >= self.MIN_INTERVAL:
                self._read(uri, entry)
        finally:
            entry.lock.release()

    def _wait(self, entry: _Entry) -> None:
        """For another's fetch; not with keys of before at hand, and not in a crowd."""
        if entry.fetched_at < 0 and entry.waiting.acquire(blocking=False):
            try:
                if entry.lock.acquire(timeout=self.TIMEOUT):
                    entry.lock.release()
            finally:
                entry.waiting.release()

    def _read(self, uri: str, entry: _Entry) -> None:
        try:
            entry.keys = self._fetch(uri)
            entry.fetched_at = time.monotonic()
        except OutboundBusyError:
            return  # nobody was asked: the next request may try
        except ClientKeysError as error:
            log.info("jwks_uri not read: %s", error)
        entry.tried_at = time.monotonic()

    def _fetch(self, uri: str) -> list[dict[str, Any]]:
        try:
            answer = self._outbound.get(uri, self._bulkhead, timeout=self.TIMEOUT, max_bytes=MAX_BYTES)
        except OutboundBusyError:
            raise
        except OutboundError as error:
            raise ClientKeysError(str(error)) from None
        if answer.status != 200:
            raise ClientKeysError(f"status {answer.status}")
        if not (answer.content_type.endswith("json") or answer.content_type == "text/plain"):
            raise ClientKeysError("not JSON")
        try:
            found = orjson.loads(answer.body)
        except orjson.JSONDecodeError:
            raise ClientKeysError("not JSON") from None
        keys = found.get("keys") if isinstance(found, dict) else None
        if not isinstance(keys, list):
            raise ClientKeysError("not a JWK set")
        # Keys we cannot use are left out, not an error (RFC 7517 §5).
        return [key for key in keys[:50] if public_keys.usable(key)]
