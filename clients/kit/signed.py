"""The checks that every JWT of the provider goes through, whatever it is for."""

from __future__ import annotations

from typing import Any

import jwt
from jwt.types import Options

from .config import Settings
from .discovery import Provider
from .errors import TokenInvalidError

MAX_TOKEN = 16 * 1024
FAILURES: dict[type[Exception], str] = {
    jwt.ExpiredSignatureError: "exp",
    jwt.InvalidAudienceError: "aud",
    jwt.InvalidIssuerError: "iss",
    jwt.InvalidSignatureError: "signature",
    jwt.ImmatureSignatureError: "iat",
}


def verify(
    token: str,
    *,
    provider: Provider,
    settings: Settings,
    types: frozenset[str],
    require: list[str],
    expires: bool = True,
) -> dict[str, Any]:
    """Claims of a token that the provider signed for this client.

    Checks size, `typ` (RFC 8725 §3.11), algorithm (our list, and the one of the key, never the header alone), `kid`,
    signature, `iss`, `aud` (only us), `azp`, `exp` (unless its kind has none), `iat`. Raises `TokenInvalidError` naming the check.
    """
    key = find_key(token, provider=provider, settings=settings, types=types)
    options: Options = {"require": ["iss", "aud", "iat", *(["exp"] if expires else []), *require]}
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            audience=settings.client_id,
            issuer=settings.issuer,
            leeway=settings.leeway,
            options=options,
        )
    except jwt.MissingRequiredClaimError as error:
        raise TokenInvalidError(error.claim, "missing") from error
    except jwt.PyJWTError as error:
        raise TokenInvalidError(FAILURES.get(type(error), "format"), type(error).__name__) from error
    check_audience(claims, settings.client_id)
    return claims


def find_key(token: str, *, provider: Provider, settings: Settings, types: frozenset[str]) -> jwt.PyJWK:
    """The key a token must verify with. The header only chooses among what we allow; it never decides."""
    if not isinstance(token, str) or len(token) > MAX_TOKEN:
        raise TokenInvalidError("format")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise TokenInvalidError("format") from error
    if str(header.get("typ", "")).lower().removeprefix("application/") not in types:
        raise TokenInvalidError("typ")
    if header.get("alg") not in settings.id_token_algorithms:
        raise TokenInvalidError("alg")
    if not isinstance(header.get("kid"), str):
        raise TokenInvalidError("kid", "missing")
    key = provider.signing_key(header["kid"])
    if key.algorithm_name != header["alg"]:
        raise TokenInvalidError("alg", "not the key's")
    return key


def check_audience(claims: dict[str, Any], client_id: str) -> None:
    """No other audience beside us, and `azp`, if there, is us (OIDC Core §3.1.3.7, 3 to 5)."""
    audience = claims["aud"]
    if audience != client_id and audience != [client_id]:
        raise TokenInvalidError("aud", "other audiences")
    if claims.get("azp", client_id) != client_id:
        raise TokenInvalidError("azp")
