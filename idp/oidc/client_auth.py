"""Client authentication: client_secret_basic, client_secret_post, private_key_jwt (RFC 7523 §2.2), none.

A client is authenticated only by the method it registered. Failures are limited per client and network.
"""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import jwt
from authlib.oauth2.rfc6749 import InvalidClientError
from flask import request as request_context
from sqlalchemy.exc import IntegrityError

from ..foundation import clock
from ..foundation.vault import digest
from ..signin.attempts import client_network
from .client_auth_tls import register_tls_methods
from .client_keys import ClientKeysError
from .client_secret import readable_secret
from .clients import RegisteredClient
from .fapi import METHODS as STRONG_METHODS
from .jwt_times import LEEWAY, Standing, standing
from .model import UsedAssertion
from .provider import Provider, provider
from .sender import prove_sender

METHODS = (
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
    "none",
)
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_ALGORITHMS = ("ES256", "PS256", "RS256", "EdDSA", "HS256")


def register_methods(op: Provider) -> None:
    """Add what Authlib's server does not bring."""
    op.server.register_client_auth_method("private_key_jwt", _private_key_jwt)
    op.server.register_client_auth_method("client_secret_jwt", _client_secret_jwt)
    register_tls_methods(op)


def authenticate(request: Any, methods: tuple[str, ...] = METHODS) -> RegisteredClient:
    """The authenticated client of a token, revocation or introspection request. Raises `InvalidClientError` (401)."""
    op = provider()
    reject_several_methods(request)
    try:
        client: RegisteredClient = op.server.authenticate_client(request, list(methods))
        if request.form.get("client_id") not in (None, client.client_id):
            raise InvalidClientError
        if client.fapi_profile is not None and client.auth_method not in STRONG_METHODS:
            raise InvalidClientError
    except (InvalidClientError, ValueError):  # ValueError: Authlib on a Basic header that is no base64 of UTF-8
        # Only failures are counted: a right secret costs no look-up here, and nobody can lock a client out by guessing.
        op.parts.limits.hit(op.parts.settings.token_limit, "client-auth", _claimed_id(request), client_network())
        raise InvalidClientError(status_code=401, description="The client could not be authenticated.") from None
    if request_context.endpoint == "token.token":
        prove_sender(op, client)  # before any grant looks at a code or token
    return client


def reject_several_methods(request: Any) -> None:
    """RFC 6749 §2.3: a client must not use more than one method in a request."""
    form = request.form
    used = [
        str(request.headers.get("Authorization", "")).lower().startswith("basic "),
        "client_secret" in form,
        "client_assertion" in form,
    ]
    if sum(used) > 1:
        raise InvalidClientError(status_code=401, description="Use one client authentication method only.")


def _claimed_id(request: Any) -> str:
    return str(request.form.get("client_id", ""))[:64] or digest(str(request.headers.get("Authorization", "")))[:16]


def _client_secret_jwt(query_client: Any, request: Any) -> RegisteredClient | None:
    """Authlib auth method (OIDC Core §9): the assertion is signed with the secret itself."""
    return _private_key_jwt(query_client, request, "client_secret_jwt")


def _private_key_jwt(query_client: Any, request: Any, method: str = "private_key_jwt") -> RegisteredClient | None:
    """Authlib auth method. The assertion's key is one the client registered; audience is the issuer or the token endpoint."""
    assertion = request.form.get("client_assertion")
    if request.form.get("client_assertion_type") != ASSERTION_TYPE or not assertion:
        return None
    try:
        header = jwt.get_unverified_header(assertion)
        claimed = jwt.decode(assertion, options={"verify_signature": False}, algorithms=list(ASSERTION_ALGORITHMS))
    except jwt.PyJWTError:
        raise InvalidClientError(status_code=401, description="The client assertion is not a JWT.") from None
    client: RegisteredClient | None = query_client(claimed.get("sub") if isinstance(claimed.get("sub"), str) else None)
    if client is None or client.auth_method != method:
        return None
    if request.form.get("client_id") not in (None, client.client_id):
        raise InvalidClientError(status_code=401, description="client_id does not fit the client assertion.")
    op = provider()
    issuer = op.parts.settings.issuer
    claims = _verify(client, assertion, header, [issuer, f"{issuer}/token", f"{issuer}/par"])
    if client.fapi_profile is not None and claims["aud"] != issuer:
        raise InvalidClientError(status_code=401, description="The assertion's aud must be the issuer, as a text.")
    _use_once(op, client, claims)
    return client


def _verify(client: RegisteredClient, assertion: str, header: dict[str, Any], audiences: list[str]) -> dict[str, Any]:
    failed = InvalidClientError(status_code=401, description="The client assertion is not valid.")
    for jwk in _keys_of(client, header.get("kid")):
        if header.get("kid") is not None and jwk.get("kid") not in (None, header["kid"]):
            continue
        alg = _algorithm_of(jwk, client.metadata.get("token_endpoint_auth_signing_alg"))
        if client.fapi_profile is not None and alg == "RS256":
            alg = "PS256" if "alg" not in jwk else None  # FAPI 2.0 §5.4
        if alg is None:
            continue
        try:
            key = jwt.PyJWK.from_dict(jwk, algorithm=alg)
            claims: dict[str, Any] = jwt.decode(
                assertion,
                key.key,
                algorithms=[alg],
                audience=audiences,
                issuer=client.client_id,
                # Times are judged below, by our own clock.
                options={
                    "require": ["iss", "sub", "aud", "exp", "jti"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except (jwt.PyJWTError, ValueError, TypeError, json.JSONDecodeError):
            continue
        if standing(claims) is not Standing.STANDS:
            break
        if claims["sub"] == client.client_id and isinstance(claims["jti"], str) and 0 < len(claims["jti"]) <= 255:
            return claims
    raise failed


def _keys_of(client: RegisteredClient, kid: Any) -> list[dict[str, Any]]:
    op = provider()
    if client.auth_method == "client_secret_jwt":
        secret = readable_secret(op.parts.vault, client)
        return [{"kty": "oct", "k": base64.urlsafe_b64encode(secret).decode().rstrip("=")}] if secret else []
    try:
        return op.client_keys.of(client, kid if isinstance(kid, str) else None)
    except ClientKeysError as error:
        raise InvalidClientError(status_code=401, description=str(error)) from None


def _algorithm_of(jwk: dict[str, Any], registered: str | None) -> str | None:
    """One algorithm per key, from the registration, never from the assertion's header."""
    fitting = {"EC": ("ES256",), "RSA": ("RS256", "PS256"), "OKP": ("EdDSA",), "oct": ("HS256",)}.get(
        str(jwk.get("kty")), ()
    )
    wanted = jwk.get("alg") or registered
    if wanted is None:
        return fitting[0] if fitting else None
    return wanted if wanted in fitting else None


def _use_once(op: Provider, client: RegisteredClient, claims: dict[str, Any]) -> None:
    """RFC 7523 §3: a `jti` is good once, restarts included (Hydra CVE-2020-5300)."""
    now = clock.now()
    lifetime = int(claims["exp"]) - int(now.timestamp())
    if lifetime > 600:
        raise InvalidClientError(status_code=401, description="The client assertion lives too long.")
    used = UsedAssertion(
        key=digest(f"{client.client_id} {claims['jti']}"), expires_at=now + timedelta(seconds=lifetime + LEEWAY + 60)
    )
    try:
        with op.parts.database.write() as session:
            session.add(used)
    except IntegrityError:
        raise InvalidClientError(status_code=401, description="The client assertion was used before.") from None
