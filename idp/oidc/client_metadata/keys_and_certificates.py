"""Members of client metadata that need keys or certificates (RFC 8705, 9101, 9126, 9449): each problem is (member, rule)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cryptography import x509

from ...foundation.settings import Settings

TLS_METHODS = ("tls_client_auth", "self_signed_tls_client_auth")
TLS_SUBJECTS = (
    "tls_client_auth_subject_dn",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_uri",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_email",
)


def keys_problems(settings: Settings, metadata: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What does not go together, or not with this installation."""
    has_keys = bool((metadata.get("jwks") or {}).get("keys") or metadata.get("jwks_uri"))
    if not has_keys:
        if metadata.get("require_signed_request_object"):
            yield "jwks", "needed for signed request objects"
        if "request_object_signing_alg" in metadata:
            yield "jwks", "needed for request_object_signing_alg"
        if "request_object_encryption_alg" in metadata:
            yield "jwks", "needed for request_object_encryption_alg: what is inside must be signed"
    if "request_object_encryption_enc" in metadata and "request_object_encryption_alg" not in metadata:
        yield "request_object_encryption_enc", "goes with request_object_encryption_alg"
    yield from _tls_problems(settings, metadata)


def _tls_problems(settings: Settings, metadata: dict[str, Any]) -> Iterator[tuple[str, str]]:
    method = metadata.get("token_endpoint_auth_method")
    uses_tls = method in TLS_METHODS or bool(metadata.get("tls_client_certificate_bound_access_tokens"))
    if uses_tls and not settings.mtls:
        yield "token_endpoint_auth_method", "client certificates are not in use here"
    if method == "tls_client_auth":
        if settings.mtls_roots is None:
            yield "token_endpoint_auth_method", "no certificate authority is set up here for tls_client_auth"
        if sum(name in metadata for name in TLS_SUBJECTS) != 1:
            yield (
                "tls_client_auth_subject_dn",
                "exactly one member must name the certificate's subject (RFC 8705 §2.1.2)",
            )
        name = metadata.get("tls_client_auth_subject_dn")
        if name is not None and not _is_name(name):
            yield "tls_client_auth_subject_dn", "is not a distinguished name (RFC 4514)"
    if method == "self_signed_tls_client_auth":
        keys = (metadata.get("jwks") or {}).get("keys", [])
        if "jwks_uri" not in metadata and not any(key.get("x5c") for key in keys):
            yield "jwks", "must hold the client's certificate as x5c (RFC 8705 §2.2)"


def _is_name(text: str) -> bool:
    try:
        x509.Name.from_rfc4514_string(text)
    except ValueError:
        return False
    return True
