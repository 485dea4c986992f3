"""JWKS (RFC 7517 §5): every key that signs, will sign, or signed lately."""

from __future__ import annotations

from flask import Blueprint, Response

from ...foundation.web.application import AppResponse
from ...foundation.web.callers import Caller, called_by
from ..server import provider

bp = Blueprint("jwks", __name__)

_HEADERS = (("Content-Type", "application/jwk-set+json"), ("Cache-Control", "public, max-age=600"))


@bp.get("/jwks")
@called_by(Caller.ANYONE)
def jwks() -> Response:
    """Public keys; cacheable for ten minutes, far less than rotation waits between its steps."""
    return AppResponse(provider().keys.jwks(), _HEADERS)
