"""Addresses of the protocol's endpoints: below the issuer and, for clients with certificates, below the TLS alias (RFC 8705 §5)."""

from __future__ import annotations

from ...foundation.settings import Settings

PATHS = {
    "token_endpoint": "/token",
    "userinfo_endpoint": "/userinfo",
    "revocation_endpoint": "/revoke",
    "introspection_endpoint": "/introspect",
    "pushed_authorization_request_endpoint": "/par",
    "device_authorization_endpoint": "/device_authorization",
    "backchannel_authentication_endpoint": "/backchannel_authentication",
}
"""Endpoints that a client itself calls, by their names in discovery; each of them has an alias."""


def aliases(settings: Settings) -> dict[str, str]:
    """`mtls_endpoint_aliases`; nothing where certificates are not in use."""
    base = settings.mtls_base_url or settings.issuer
    return {name: base + path for name, path in PATHS.items()} if settings.mtls else {}


def addresses(settings: Settings, path: str) -> frozenset[str]:
    """Under which addresses an endpoint is reached: by the settings, never by a header of the request."""
    bases = (settings.issuer, settings.mtls_base_url) if settings.mtls_base_url else (settings.issuer,)
    return frozenset(base + path for base in bases)
