"""Discovery (OIDC Discovery 1.0 §3, RFC 8414 §2): both well-known paths, the same truth."""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson
from flask import Blueprint, Response

from ..foundation.settings import Settings
from ..foundation.web.callers import Caller, called_by
from ..foundation.web.language import LANGUAGES
from ..signin.levels import ACR_VALUES
from .claims import CLAIMS
from .client_auth import ASSERTION_ALGORITHMS, METHODS
from .clients import SCOPES
from .cors import allow_origin
from .further_grant_types import FURTHER_GRANT_TYPES
from .keys import ALGORITHMS
from .provider import provider
from .response import RESPONSE_MODES

bp = Blueprint("discovery", __name__)

GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials", *FURTHER_GRANT_TYPES)


@cache
def document(settings: Settings) -> dict[str, Any]:
    """Everything here works, and everything that works is here."""
    issuer = settings.issuer
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "jwks_uri": f"{issuer}/jwks",
        "registration_endpoint": f"{issuer}/register",
        "revocation_endpoint": f"{issuer}/revoke",
        "introspection_endpoint": f"{issuer}/introspect",
        "device_authorization_endpoint": f"{issuer}/device_authorization",
        "end_session_endpoint": f"{issuer}/logout",
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": list(GRANT_TYPES),
        "acr_values_supported": list(ACR_VALUES),
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": list(ALGORITHMS),
        "token_endpoint_auth_methods_supported": list(METHODS),
        "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "revocation_endpoint_auth_methods_supported": list(METHODS),
        "revocation_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "introspection_endpoint_auth_methods_supported": [m for m in METHODS if m != "none"],
        "introspection_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "code_challenge_methods_supported": ["S256"],
        "claim_types_supported": ["normal"],
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", *CLAIMS],
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "prompt_values_supported": ["none", "login", "consent", "select_account", "create"],
        "ui_locales_supported": list(LANGUAGES),
        "display_values_supported": ["page"],
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
    body = orjson.dumps(document(provider().parts.settings))
    response = Response(body, content_type="application/json")
    response.headers["Cache-Control"] = "public, max-age=600"
    return allow_origin(response)
