"""JWKS (RFC 7517 §5): every key that signs, will sign, or signed lately."""

from __future__ import annotations

from flask import Blueprint, Response

from ..foundation.web.callers import Caller, called_by
from .cors import allow_origin
from .provider import provider

bp = Blueprint("jwks", __name__)


@bp.get("/jwks")
@called_by(Caller.ANYONE)
def jwks() -> Response:
    """Public keys; cacheable for ten minutes, far less than rotation waits between its steps."""
    response = Response(provider().keys.jwks(), content_type="application/jwk-set+json")
    response.headers["Cache-Control"] = "public, max-age=600"
    return allow_origin(response)
