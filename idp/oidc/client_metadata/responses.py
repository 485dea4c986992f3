"""How a client may have its answers signed and encrypted (OIDC Registration §2, JARM §3, RFC 9701 §6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..jose import key_algorithms, public_keys
from ..protection import ENCRYPTION_METHODS, HMAC

_SIGNED = ("id_token", "userinfo", "introspection")
_ENCRYPTED = (*_SIGNED, "authorization")
SIGNING_ALGORITHMS = (*key_algorithms.ALGORITHMS, HMAC)

# Member to the values it may have.
RESPONSE_MEMBERS: dict[str, tuple[str, ...]] = {
    **{f"{name}_signed_response_alg": SIGNING_ALGORITHMS for name in _SIGNED},
    **{f"{name}_encrypted_response_alg": key_algorithms.ENCRYPTION_ALGORITHMS for name in _ENCRYPTED},
    **{f"{name}_encrypted_response_enc": ENCRYPTION_METHODS for name in _ENCRYPTED},
}


def key_algorithms_of(metadata: dict[str, Any]) -> set[str]:
    """Every algorithm this client has us keep a key for: to sign with, and to open its request objects."""
    return {
        str(value)
        for member, value in metadata.items()
        if member.endswith("_signed_response_alg") or member == "request_object_encryption_alg"
    }


def response_problems(metadata: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each problem is (member, rule)."""
    for name in _SIGNED:
        member = f"{name}_signed_response_alg"
        if metadata.get(member) == HMAC and metadata["token_endpoint_auth_method"] != "client_secret_jwt":
            yield member, "HS256 is for clients with client_secret_jwt, whose secret is kept readable"
    for name in _ENCRYPTED:
        alg = metadata.get(f"{name}_encrypted_response_alg")
        if alg is None:
            if f"{name}_encrypted_response_enc" in metadata:
                yield f"{name}_encrypted_response_enc", f"goes with {name}_encrypted_response_alg"
        elif (
            "jwks_uri" not in metadata
            and public_keys.encryption_key((metadata.get("jwks") or {}).get("keys", []), alg) is None
        ):
            yield f"{name}_encrypted_response_alg", "needs a fitting encryption key in jwks, or a jwks_uri"
