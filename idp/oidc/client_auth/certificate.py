"""The client's certificate as the TLS-terminating proxy reports it (RFC 9440).

Anybody can send a header. So `Client-Cert` is taken only when the settings say so and the request proves that it came through our
proxy; otherwise it is removed before any code of ours can see it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from flask import request

from ...foundation.addresses import read_address
from ...foundation.settings import Settings
from ..jose import public_keys

_CERT, _CHAIN, _SECRET = "HTTP_CLIENT_CERT", "HTTP_CLIENT_CERT_CHAIN", "HTTP_X_MACHI_PROXY_SECRET"
_ENVIRON = "machi.client_certificate"
MAX_HEADER = 32000


@dataclass(frozen=True)
class ClientCertificate:
    """An end-entity certificate whose private key the proxy saw used, and the chain that came along (not verified here)."""

    leaf: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def x5t_s256(self) -> str:
        """SHA-256 of the DER, base64url (RFC 8705 §3.1)."""
        raw = hashlib.sha256(self.leaf.public_bytes(Encoding.DER)).digest()
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def client_certificate() -> ClientCertificate | None:
    """The certificate of the current request's client."""
    found = request.environ.get(_ENVIRON)
    return found if isinstance(found, ClientCertificate) else None


class ClientCertificates:
    """WSGI middleware, outermost: it must see the peer's address before anything replaces it."""

    def __init__(self, app: Callable[..., Iterable[bytes]], settings: Settings) -> None:
        self._app = app
        self._on = settings.mtls
        self._secret = settings.mtls_proxy_secret.encode()
        self._networks = [ipaddress.ip_network(n) for n in settings.mtls_proxy_networks]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        leaf, chain = environ.pop(_CERT, None), environ.pop(_CHAIN, "")
        secret = environ.pop(_SECRET, "")
        environ.pop(_ENVIRON, None)
        if leaf and self._on and self._from_proxy(secret, str(environ.get("REMOTE_ADDR", ""))):
            environ[_ENVIRON] = parse(leaf, chain)
        return self._app(environ, start_response)

    def _from_proxy(self, secret: str, address: str) -> bool:
        """Every proof that is set up must hold."""
        if self._secret and not hmac.compare_digest(secret.encode(), self._secret):
            return False
        if self._networks:
            peer = read_address(address)
            return peer is not None and any(peer in network for network in self._networks)
        return bool(self._secret)


def parse(leaf: str, chain: str) -> ClientCertificate | None:
    """Certificates from the header values; None for what is not exactly as RFC 9440 §2 says, or has a weak key."""
    if len(leaf) + len(chain) > MAX_HEADER:
        return None
    try:
        others = tuple(_certificate(item) for item in chain.split(",") if item.strip())
        return ClientCertificate(_certificate(leaf), others)
    except ValueError:
        return None


def _certificate(item: str) -> x509.Certificate:
    """A byte sequence of structured fields (RFC 8941 §3.3.5): `:base64:`."""
    item = item.strip()
    if len(item) < 3 or item[0] != ":" or item[-1] != ":":
        raise ValueError("not a byte sequence")
    found = x509.load_der_x509_certificate(base64.b64decode(item[1:-1], validate=True))
    public_keys.check_strength(found.public_key())  # a ValueError too
    return found
