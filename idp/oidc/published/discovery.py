"""Discovery (OIDC Discovery 1.0 §3, RFC 8414 §2): both well-known paths, the same truth."""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson
from flask import Blueprint, Response, current_app

from ...foundation.settings import Settings
from ...foundation.web.application import AppResponse
from ...foundation.web.callers import Caller, called_by
from ...foundation.web.language import LANGUAGES
from ...logins import levels
from ..authorization import RESPONSE_MODES
from ..claims import CLAIMS, TRUST_FRAMEWORK, VERIFIED_CLAIMS
from ..client_auth import (
    ASSERTION_ALGORITHMS,
    CIBA_ALGORITHMS,
    CLIENT_AUTH_METHODS,
    DPOP_ALGORITHMS,
    REQUEST_ALGORITHMS,
)
from ..client_metadata import DELIVERY_MODES, RESPONSE_TYPES, SIGNING_ALGORITHMS, TLS_METHODS
from ..clients import EXTENSION_GRANT_TYPES, SCOPES
from ..grants import GRANT_ACTIONS
from ..jose import key_algorithms
from ..protection import ENCRYPTION_METHODS
from ..server import endpoints, provider
from .signed_metadata import signed_metadata

bp = Blueprint("discovery", __name__)

_HEADERS = (("Content-Type", "application/json"), ("Cache-Control", "public, max-age=600"))
GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials", *EXTENSION_GRANT_TYPES)


def offered_methods(settings: Settings) -> list[str]:
    """Client authentication methods of this installation (RFC 8705 needs a proxy that asks for certificates)."""
    missing = set() if settings.mtls else set(TLS_METHODS)
    if settings.mtls_roots is None:
        missing.add("tls_client_auth")
    return [method for method in CLIENT_AUTH_METHODS if method not in missing]


def security_members(settings: Settings) -> dict[str, Any]:
    """PAR (RFC 9126 §5), JAR (RFC 9101 §10.5), JARM §4, DPoP (RFC 9449 §5.1), mTLS (RFC 8705 §3.3, §5)."""
    members: dict[str, Any] = {
        "require_pushed_authorization_requests": settings.require_pushed_authorization_requests,
        "request_parameter_supported": True,
        "request_uri_parameter_supported": True,
        "require_request_uri_registration": True,
        "request_object_signing_alg_values_supported": list(REQUEST_ALGORITHMS),
        "request_object_encryption_alg_values_supported": list(key_algorithms.ENCRYPTION_ALGORITHMS),
        "request_object_encryption_enc_values_supported": list(ENCRYPTION_METHODS),
        "authorization_signing_alg_values_supported": list(key_algorithms.ALGORITHMS),
        "authorization_encryption_alg_values_supported": list(key_algorithms.ENCRYPTION_ALGORITHMS),
        "authorization_encryption_enc_values_supported": list(ENCRYPTION_METHODS),
        "dpop_signing_alg_values_supported": list(DPOP_ALGORITHMS),
    }
    if settings.mtls:
        members["tls_client_certificate_bound_access_tokens"] = True
        members["mtls_endpoint_aliases"] = endpoints.aliases(settings)
    return members


def response_members() -> dict[str, Any]:
    """What ID tokens, userinfo and introspection (RFC 9701 §7) can be signed and encrypted with."""
    return {
        f"{name}_{what}_values_supported": list(values)
        for name in ("id_token", "userinfo", "introspection")
        for what, values in (
            ("signing_alg", SIGNING_ALGORITHMS),
            ("encryption_alg", key_algorithms.ENCRYPTION_ALGORITHMS),
            ("encryption_enc", ENCRYPTION_METHODS),
        )
    }


@cache
def document(settings: Settings) -> dict[str, Any]:
    """Everything here works, and everything that works is here."""
    issuer, methods = settings.issuer, offered_methods(settings)
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        **{name: issuer + path for name, path in endpoints.PATHS.items()},
        "jwks_uri": f"{issuer}/jwks",
        "registration_endpoint": f"{issuer}/register",
        "backchannel_token_delivery_modes_supported": list(DELIVERY_MODES),
        "backchannel_authentication_request_signing_alg_values_supported": list(CIBA_ALGORITHMS),
        "backchannel_user_code_parameter_supported": False,
        "grant_management_endpoint": f"{issuer}/grants",
        "grant_management_actions_supported": ["query", "revoke", *GRANT_ACTIONS],
        "grant_management_action_required": False,
        "end_session_endpoint": f"{issuer}/logout",
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code", *(RESPONSE_TYPES if settings.hybrid_flows else ())],
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": [*GRANT_TYPES, *(["implicit"] if settings.hybrid_flows else [])],
        "acr_values_supported": list(levels.ACR_VALUES),
        "subject_types_supported": ["pairwise"],
        **response_members(),
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "introspection_endpoint_auth_methods_supported": [m for m in methods if m != "none"],
        "introspection_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "code_challenge_methods_supported": ["S256"],
        "claim_types_supported": ["normal"],
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", *CLAIMS],
        "claims_parameter_supported": True,
        **security_members(settings),
        "prompt_values_supported": ["none", "login", "consent", "select_account", "create"],
        "ui_locales_supported": list(LANGUAGES),
        "display_values_supported": ["page"],
        "claims_locales_supported": ["ja"],
        "verified_claims_supported": True,
        "trust_frameworks_supported": [TRUST_FRAMEWORK],
        "claims_in_verified_claims_supported": list(VERIFIED_CLAIMS),
        "authorization_response_iss_parameter_supported": True,
        "check_session_iframe": f"{issuer}/session/check",
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }


@bp.get("/.well-known/openid-configuration")
@bp.get("/.well-known/oauth-authorization-server")
@called_by(Caller.ANYONE)
def discovery() -> Response:
    """The provider's metadata; cacheable for ten minutes."""
    op = provider()
    # Kept as bytes for the key that signed them: finding `document` in its cache means hashing all settings.
    kept = current_app.extensions.setdefault("machi_discovery", {})
    kid = op.keys.signing("ES256").kid
    body = kept.get(kid)
    if body is None:
        found = document(op.parts.settings)
        body = orjson.dumps({**found, "signed_metadata": signed_metadata(op.parts.settings, op.keys, found)})
        kept[kid] = body
    return AppResponse(body, _HEADERS)
