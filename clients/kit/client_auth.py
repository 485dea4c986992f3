"""How the app proves itself at the token endpoint."""

from __future__ import annotations

import secrets
import time
from base64 import b64encode
from urllib.parse import quote_plus

import jwt

from .config import Settings

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFETIME = 60


def authenticate(settings: Settings) -> tuple[dict[str, str], dict[str, str]]:
    """(headers, form fields) to add: client_secret_basic (RFC 6749 §2.3.1) or private_key_jwt (RFC 7523)."""
    if settings.private_key is None:
        # Both parts are form-encoded before they are joined: a colon or umlaut in a secret would break otherwise.
        pair = f"{quote_plus(settings.client_id)}:{quote_plus(settings.client_secret or '')}"
        return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}, {}
    now = int(time.time())
    claims = {
        "iss": settings.client_id,
        "sub": settings.client_id,
        "aud": settings.issuer,
        "jti": secrets.token_urlsafe(16),
        "iat": now,
        "exp": now + ASSERTION_LIFETIME,
    }
    headers = {"kid": settings.private_key_id} if settings.private_key_id else None
    assertion = jwt.encode(claims, settings.private_key, algorithm=settings.private_key_algorithm, headers=headers)
    return {}, {
        "client_id": settings.client_id,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    }
