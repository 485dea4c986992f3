"""ID tokens (OIDC Core §2, §3.3.2.11): claims, hashes, and the protection the client registered."""

from __future__ import annotations

from typing import Any

import orjson

from ...logins import levels
from ...residents import identity_level
from ..claims import id_token_claims
from ..clients import RegisteredClient
from ..jose import key_algorithms
from ..protection import HMAC, encrypt_for, encrypts, hmac_header, sign_for, signed_by_secret
from ..server import Provider
from ..storage import GrantFacts
from .tokens import TokenError, decode_segment, read_id_token_hint


def make_id_token(
    op: Provider,
    client: RegisteredClient,
    grant: GrantFacts,
    now: int,
    access_token: str | None = None,
    code: str | None = None,
    with_scopes: bool = False,
) -> str:
    """The ID token of a grant; levels are computed from the facts recorded when the code was given. Raises `EncryptionKeyError`."""
    settings, alg = op.parts.settings, client.id_token_alg
    proven = levels.assurance(levels.load_factors(grant.factors), grant.authenticated_at)
    claims: dict[str, Any] = {
        "iss": settings.issuer,
        "sub": grant.sub,
        "aud": client.client_id,
        "iat": now,
        "exp": now + settings.id_token_seconds,
        "auth_time": grant.authenticated_at // 1000,
        "acr": levels.acr(identity_level(grant.proofing.split()), proven.level),
        "amr": levels.methods(proven.factors),
        "sid": grant.sid,
    }
    if grant.nonce is not None:
        claims["nonce"] = grant.nonce
    if access_token is not None and (hashed := key_algorithms.half_hash(access_token, alg)) is not None:
        claims["at_hash"] = hashed
    if code is not None and (hashed := key_algorithms.half_hash(code, alg)) is not None:
        claims["c_hash"] = hashed
    claims = {**id_token_claims(op, grant, with_scopes), **claims}
    token = sign_for(op, client, alg, claims)
    return encrypt_for(op, client, "id_token", token) if encrypts(client, "id_token") else token


def read_hint(op: Provider, token: str) -> dict[str, Any]:
    """Claims of an `id_token_hint`, by our keys or by its client's secret; expired ones too. Raises `TokenError`."""
    if not token.startswith(_HMAC_START):
        return read_id_token_hint(op.parts.settings, op.keys, token)
    message, _, signature = token.encode().rpartition(b".")
    try:
        claims: dict[str, Any] = orjson.loads(decode_segment(message.partition(b".")[2]))
        client = op.clients.get(claims.get("aud"))
        if client is None or client.id_token_alg != HMAC:
            raise TokenError("not of a client that has HS256 ID tokens")
        if not signed_by_secret(op, client, message, decode_segment(signature)):
            raise TokenError("wrong signature")
    except (ValueError, TypeError, AttributeError):
        raise TokenError("malformed") from None
    if claims.get("iss") != op.parts.settings.issuer or "auth_time" not in claims:
        raise TokenError("not an ID token of ours")
    return claims


_HMAC_START = hmac_header("JWT").decode() + "."
