"""Cross-origin answers for browser apps: token, userinfo, revocation, JWKS and discovery only; never authorize.

The answers depend on no cookie (token, userinfo and revocation take what the request itself carries), so any origin may read them.
"""

from __future__ import annotations

from flask import Response

from ..foundation.here import here


def allow_origin(response: Response, preflight: bool = False) -> Response:
    """Let the asking origin read this answer; without credentials."""
    if "HTTP_ORIGIN" not in here().environ:
        return response
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = "WWW-Authenticate, DPoP-Nonce, X-FAPI-Interaction-ID"
    if preflight:
        response.headers["Access-Control-Allow-Methods"] = "GET, POST"
        response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, DPoP, X-FAPI-Interaction-ID"
        response.headers["Access-Control-Max-Age"] = "600"
    return response
