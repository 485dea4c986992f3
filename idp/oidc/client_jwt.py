"""JWTs that a client signs with a key it registered: CIBA requests, login hints, authorization grants (RFC 7523 §2.1)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import jwt
from sqlalchemy.exc import IntegrityError

from ..foundation import clock
from ..foundation.vault import digest
from .client_keys import ClientKeysError
from .clients import RegisteredClient
from .jwt_times import LEEWAY, Standing, standing
from .model import UsedAssertion
from .provider import Provider

_FITTING = {"EC": ("ES256",), "RSA": ("PS256", "RS256"), "OKP": ("EdDSA",)}


class ClientJwtError(Exception):
    """The JWT is not this client's, or not for this use; the text is fit for an error description."""

    def __init__(self, description: str, expired: bool = False) -> None:
        super().__init__(description)
        self.expired = expired


def open_client_jwt(
    op: Provider,
    client: RegisteredClient,
    token: str,
    *,
    algorithms: Sequence[str],
    registered: str | None = None,
    required: Sequence[str] = (),
    lifetime: int,
) -> dict[str, Any]:
    """The claims of a JWT that the client made for us, valid now and for at most `lifetime` seconds. Raises `ClientJwtError`.

    The algorithm comes from the key and the registration, never from the header. `iss` is the client, `aud` is us.
    """
    claims = _signed(op, client, token, [a for a in algorithms if registered in (None, a)])
    if missing := [name for name in ("iss", "aud", "exp", *required) if name not in claims]:
        raise ClientJwtError(f"The JWT lacks {missing[0]}.")
    if claims["iss"] != client.client_id:
        raise ClientJwtError("The JWT's iss is not the client.")
    issuer = op.parts.settings.issuer
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if not {issuer, f"{issuer}/token", f"{issuer}/backchannel_authentication"} & {str(a) for a in audiences}:
        raise ClientJwtError("The JWT's aud is not this issuer.")
    _check_times(claims, lifetime)
    return claims


def use_once(op: Provider, client: RegisteredClient, use: str, claims: dict[str, Any]) -> None:
    """Take the `jti`: a second JWT with it is refused, restarts included. Raises `ClientJwtError`."""
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= 255:
        raise ClientJwtError("The JWT's jti is not a short text.")
    remembered = clock.now() + timedelta(seconds=max(0, int(claims["exp"]) - clock.epoch()) + LEEWAY + 60)
    try:
        with op.parts.database.write() as session:
            session.add(UsedAssertion(key=digest(f"{use} {client.client_id} {jti}"), expires_at=remembered))
    except IntegrityError:
        raise ClientJwtError("The JWT was used before.") from None


def _signed(op: Provider, client: RegisteredClient, token: str, algorithms: Sequence[str]) -> dict[str, Any]:
    try:
        header = jwt.get_unverified_header(token)
        kid = header.get("kid")
        keys = op.client_keys.of(client, kid if isinstance(kid, str) else None)
    except jwt.PyJWTError:
        raise ClientJwtError("This is not a signed JWT.") from None
    except ClientKeysError as error:
        raise ClientJwtError(str(error)) from None
    for jwk in keys:
        if (kid is not None and jwk.get("kid") not in (None, kid)) or jwk.get("use", "sig") != "sig":
            continue
        fitting = [a for a in _FITTING.get(str(jwk.get("kty")), ()) if a in algorithms and jwk.get("alg", a) == a]
        for alg in fitting:
            try:
                claims: dict[str, Any] = jwt.decode(
                    token, jwt.PyJWK.from_dict(jwk, algorithm=alg).key, algorithms=[alg],
                    options={"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False,
                             "verify_iss": False, "verify_sub": False, "verify_jti": False},
                )  # fmt: skip
            except (jwt.PyJWTError, ValueError, TypeError, json.JSONDecodeError):
                continue
            return claims
    raise ClientJwtError("The JWT is not signed with a key and algorithm that the client registered.")


def _check_times(claims: dict[str, Any], lifetime: int) -> None:
    found = standing(claims)
    if found is Standing.MALFORMED:
        raise ClientJwtError("The JWT's exp, nbf or iat is not a time.")
    if found is Standing.EXPIRED:
        raise ClientJwtError("The JWT has expired.", expired=True)
    if found is Standing.NOT_YET:
        raise ClientJwtError("The JWT is not valid yet.")
    now = clock.epoch()
    begins = claims.get("nbf", claims.get("iat", now))
    if claims["exp"] - begins > lifetime or claims["exp"] - now > lifetime + LEEWAY:
        raise ClientJwtError("The JWT is valid for too long.")
