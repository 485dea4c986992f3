"""Making and checking tokens. The algorithm always comes from our record of the key."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from typing import Any, cast

import orjson

from ...foundation import clock
from ...foundation.settings import Settings
from ..jose import SigningKeys

ACCESS_TOKEN_TYPE = "at+jwt"


class TokenError(Exception):
    """The token is not one of ours, not for this use, or over."""


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A checked access token. `grant_id` is None for client credentials."""

    jti: str
    grant_id: str | None
    client_id: str
    sub: str
    scopes: frozenset[str]
    audience: tuple[str, ...]
    expires_at: int
    confirmation: dict[str, str] | None = None
    """`cnf` (RFC 7800): the key without which the token is worth nothing."""

    @property
    def bound_to_dpop(self) -> bool:
        """Whether it must come with a DPoP proof (RFC 9449 §6)."""
        return self.confirmation is not None and "jkt" in self.confirmation


def api_audience(settings: Settings) -> str:
    """The resource identifier of our own API (events)."""
    return f"{settings.issuer}/api/v1"


def userinfo_audience(settings: Settings) -> str:
    """The issuer stands for the userinfo endpoint."""
    return settings.issuer


def make_access_token(
    settings: Settings,
    keys: SigningKeys,
    *,
    client_id: str,
    sub: str,
    scope: str,
    audience: list[str],
    grant_id: str | None,
    now: int,
    confirmation: dict[str, str] | None = None,
) -> str:
    """A JWT access token (RFC 9068 §2), without any personal attribute. Its `jti` begins with the grant's id."""
    claims: dict[str, Any] = {
        "iss": settings.issuer,
        "sub": sub,
        "aud": audience[0] if len(audience) == 1 else audience,
        "client_id": client_id,
        "scope": scope,
        "iat": now,
        "exp": now + settings.access_token_seconds,
        "jti": f"{grant_id or 'c'}.{secrets.token_urlsafe(16)}",
    }
    if confirmation is not None:
        claims["cnf"] = confirmation
    key = keys.signing("ES256")
    token = key.sign(claims, ACCESS_TOKEN_TYPE)
    # An app's first userinfo request often comes to the process that gave it the token.
    keys.verified.keep(token.encode(), key, claims)
    return token


def check_access_token(settings: Settings, keys: SigningKeys, token: str, audience: str) -> AccessToken:
    """Verify signature, type, issuer, audience and time (RFC 9068 §4). Revocation is the caller's look-up. Raises `TokenError`."""
    claims = _verified(keys, token, ACCESS_TOKEN_TYPE, issuer=settings.issuer, audience=audience)
    prefix = str(claims["jti"]).partition(".")[0]
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    return AccessToken(
        jti=claims["jti"],
        grant_id=None if prefix == "c" else prefix,
        client_id=claims["client_id"],
        sub=claims["sub"],
        scopes=frozenset(claims.get("scope", "").split()),
        audience=tuple(audiences),
        expires_at=claims["exp"],
        confirmation=claims.get("cnf"),
    )


def read_id_token_hint(settings: Settings, keys: SigningKeys, token: str) -> dict[str, Any]:
    """Claims of an ID token of ours, expired or not (OIDC Core §3.1.2.1, RP-Initiated Logout §4). Raises `TokenError`."""
    claims = _verified(keys, token, "JWT", issuer=settings.issuer, audience=None, expiry=False)
    if "auth_time" not in claims:
        raise TokenError("not an ID token")  # a signed authorization response (JARM) or userinfo answer is no hint
    return claims


def _verified(
    keys: SigningKeys, token: str, typ: str, *, issuer: str, audience: str | None, expiry: bool = True
) -> dict[str, Any]:
    """Claims of a token this installation signed as `typ`.

    PyJWT is not used here: our own tokens have one of a handful of known headers, which are compared byte for byte, and this is
    the path of every userinfo request (docs/benchmarks.md). Tokens of others (client assertions) go through PyJWT.
    """
    encoded = token.encode()
    message, _, signature = encoded.rpartition(b".")
    header, _, payload = message.partition(b".")
    found = keys.by_header(header)
    if found is None or found[1] != typ:
        raise TokenError("unknown key or wrong type")
    claims = keys.verified.find(encoded, found[0]) if typ == ACCESS_TOKEN_TYPE else None
    if claims is None:
        try:
            if not found[0].verify(message, decode_segment(signature)):
                raise TokenError("wrong signature")
            claims = cast("dict[str, Any]", orjson.loads(decode_segment(payload)))
        except (ValueError, TypeError):
            raise TokenError("malformed") from None
        if typ == ACCESS_TOKEN_TYPE:
            keys.verified.keep(encoded, found[0], claims)
    if claims.get("iss") != issuer:
        raise TokenError("wrong issuer")
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if audience is not None and audience not in audiences:
        raise TokenError("wrong audience")
    if expiry and claims["exp"] <= clock.epoch():
        raise TokenError("expired")
    return claims


def decode_segment(segment: bytes) -> bytes:
    """base64url without padding (RFC 7515 §2), strictly: one text for one value."""
    raw = base64.b64decode(segment + b"=" * (-len(segment) % 4), altchars=b"-_", validate=True)
    if base64.urlsafe_b64encode(raw).rstrip(b"=") != segment:
        raise ValueError("not canonical")
    return raw
