"""ID token validation (OIDC Core 1.0 §3.1.3.7)."""

from __future__ import annotations

import hashlib
import hmac
import time
from base64 import urlsafe_b64encode
from typing import Any

import jwt

from .config import Settings
from .discovery import Provider
from .errors import TokenInvalidError
from .signed import verify

TYPES = frozenset({"", "jwt"})
MAX_AGE_OF_ISSUE = 10 * 60
HASHES = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}


def validate_id_token(
    token: str, *, provider: Provider, settings: Settings, nonce: str, access_token: str
) -> dict[str, Any]:
    """The claims of a good ID token; `TokenInvalidError` names the check that failed."""
    claims = verify(token, provider=provider, settings=settings, types=TYPES, require=["sub"])
    if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
        raise TokenInvalidError("sub")
    if claims["iat"] < time.time() - MAX_AGE_OF_ISSUE - settings.leeway:
        raise TokenInvalidError("iat", "too old")
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise TokenInvalidError("nonce")
    if "at_hash" in claims:
        check_at_hash(claims["at_hash"], access_token, token)
    return claims


def check_at_hash(at_hash: Any, access_token: str, id_token: str) -> None:
    """The access token is the one the ID token was issued with (OIDC Core §3.1.3.8)."""
    algorithm: str = jwt.get_unverified_header(id_token)["alg"]
    digest = HASHES.get(algorithm[-3:], hashlib.sha512)(access_token.encode("ascii")).digest()
    expected = urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=")
    if not hmac.compare_digest(str(at_hash).encode(), expected):
        raise TokenInvalidError("at_hash")
