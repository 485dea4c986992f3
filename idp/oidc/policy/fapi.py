"""FAPI 2.0 Security Profile and Message Signing: what a client that the city marked so must do, and cannot do weaker.

The mark is on the client's row (`fapi_profile`); registration refuses metadata that does not fit it, and every request is held to it
again, so that a later change of metadata opens nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

if TYPE_CHECKING:
    from ..clients import RegisteredClient

SECURITY, MESSAGE_SIGNING = "2.0-security", "2.0-message-signing"
PROFILES = (SECURITY, MESSAGE_SIGNING)
# Security Profile §5.3.2.1, §5.4: confidential clients by key or certificate, modern algorithms only.
FAPI_METHODS = ("private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth")
FAPI_ALGORITHMS = ("ES256", "PS256", "EdDSA")
GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials", "urn:openid:params:grant-type:ciba")
# §5.3.2.1: authorization codes live at most a minute.
CODE_SECONDS = 60
_ALGORITHM_MEMBERS = (
    "token_endpoint_auth_signing_alg",
    "request_object_signing_alg",
    "authorization_signed_response_alg",
    "id_token_signed_response_alg",
    "userinfo_signed_response_alg",
    "introspection_signed_response_alg",
)


def profile_problems(metadata: dict[str, Any], profile: str | None) -> Iterator[tuple[str, str]]:
    """Why this metadata does not fit the profile: (member, rule). Nothing without a profile."""
    if profile is None:
        return
    if profile not in PROFILES:
        yield "fapi_profile", f"must be one of {', '.join(PROFILES)}"
    yield from _security_problems(metadata)
    if profile == MESSAGE_SIGNING:
        yield from _signing_problems(metadata)


def _security_problems(metadata: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if metadata.get("token_endpoint_auth_method") not in FAPI_METHODS:
        yield "token_endpoint_auth_method", f"FAPI 2.0 asks for one of {', '.join(FAPI_METHODS)}"
    if not (metadata.get("dpop_bound_access_tokens") or metadata.get("tls_client_certificate_bound_access_tokens")):
        yield "dpop_bound_access_tokens", "FAPI 2.0 asks for sender-constrained tokens (DPoP or client certificate)"
    if metadata.get("require_pkce") is False:
        yield "require_pkce", "FAPI 2.0 asks for PKCE"
    if not set(metadata.get("grant_types", ())) <= set(GRANT_TYPES):
        yield "grant_types", f"FAPI 2.0 allows {', '.join(GRANT_TYPES)}"
    if not set(metadata.get("response_types", ())) <= {"code"}:
        yield "response_types", "FAPI 2.0 allows code only"
    for member in _ALGORITHM_MEMBERS:
        if member in metadata and metadata[member] not in FAPI_ALGORITHMS:
            yield member, f"FAPI 2.0 allows {', '.join(FAPI_ALGORITHMS)}"


def _signing_problems(metadata: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if not ((metadata.get("jwks") or {}).get("keys") or metadata.get("jwks_uri")):
        yield "jwks", "FAPI 2.0 Message Signing asks for signed request objects"
    if "authorization_signed_response_alg" not in metadata:
        yield "authorization_signed_response_alg", "FAPI 2.0 Message Signing asks for signed responses (JARM)"


def with_profile_defaults(given: dict[str, Any], profile: str | None) -> dict[str, Any]:
    """The usual default for signing ID tokens, RS256, is not for these clients."""
    return given if profile is None else {"id_token_signed_response_alg": "ES256", **given}


def interaction_id(sent: str | None) -> str:
    """`x-fapi-interaction-id` of a resource's answer: the caller's, if it is a UUID, or a new one (FAPI 1.0 Part 1 §6.2.1)."""
    if sent is not None and len(sent) == 36:
        with suppress(ValueError):
            return str(UUID(sent))
    return str(uuid4())


def code_seconds(client: RegisteredClient, usual: int) -> int:
    """Lifetime of this client's codes."""
    return min(usual, CODE_SECONDS) if client.fapi_profile is not None else usual
