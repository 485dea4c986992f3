"""The provider's metadata and keys, fetched once and kept (OIDC Discovery 1.0 §4, RFC 7517)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import jwt

from .config import check_url
from .errors import ConfigurationError, ProviderUnavailableError, TokenInvalidError
from .http import Http

METADATA_LIFETIME = 60 * 60
KEYS_LIFETIME = 60 * 60
MIN_REFRESH_INTERVAL = 30
"""An unknown `kid` reloads the keys, but not more often than this: a forged header must not make us a flood."""


class Provider:
    """Discovery document and JWKS of one issuer. Thread-safe."""

    def __init__(self, issuer: str, http: Http, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.issuer = issuer
        self.http = http
        self._clock = clock
        self._lock = threading.Lock()
        self._metadata: dict[str, Any] = {}
        self._metadata_at = 0.0
        self._keys: dict[str, jwt.PyJWK] = {}
        self._keys_at: float | None = None

    def metadata(self) -> dict[str, Any]:
        """The discovery document. An old copy serves while the provider is down."""
        with self._lock:
            if self._metadata and self._clock() - self._metadata_at < METADATA_LIFETIME:
                return self._metadata
            try:
                fetched = self.http.get_json(self.issuer.rstrip("/") + "/.well-known/openid-configuration")
            except ProviderUnavailableError:
                if not self._metadata:
                    raise
                self._metadata_at += MIN_REFRESH_INTERVAL
                return self._metadata
            if fetched.get("issuer") != self.issuer:
                raise ConfigurationError("the discovery document names another issuer")
            self._metadata, self._metadata_at = fetched, self._clock()
            return fetched

    def endpoint(self, name: str) -> str:
        """The URL of an endpoint, such as `token_endpoint`."""
        url = self.metadata().get(name)
        if not isinstance(url, str):
            raise ConfigurationError(f"the provider has no {name}")
        check_url(name, url.partition("?")[0])
        return url

    def signing_key(self, kid: str) -> jwt.PyJWK:
        """The key named `kid`; reloads the JWKS if it is unknown, at most every `MIN_REFRESH_INTERVAL` seconds."""
        jwks_uri = self.endpoint("jwks_uri")
        with self._lock:
            age = None if self._keys_at is None else self._clock() - self._keys_at
            stale = age is None or age > KEYS_LIFETIME or (kid not in self._keys and age >= MIN_REFRESH_INTERVAL)
            if stale:
                try:
                    self._keys = read_keys(self.http.get_json(jwks_uri))
                    self._keys_at = self._clock()
                except ProviderUnavailableError:
                    if kid not in self._keys:
                        raise
            try:
                return self._keys[kid]
            except KeyError:
                raise TokenInvalidError("kid", "no such key") from None


def read_keys(jwks: dict[str, Any]) -> dict[str, jwt.PyJWK]:
    """Signature keys by `kid`. Symmetric keys, encryption keys and kinds this library lacks are left out."""
    found: dict[str, jwt.PyJWK] = {}
    for jwk in jwks.get("keys", []):
        if not isinstance(jwk, dict) or jwk.get("kty") not in {"EC", "RSA", "OKP"} or jwk.get("use", "sig") != "sig":
            continue
        kid = jwk.get("kid")
        if not isinstance(kid, str):
            continue
        try:
            found[kid] = jwt.PyJWK.from_dict(jwk)
        except jwt.PyJWTError:
            continue
    return found
