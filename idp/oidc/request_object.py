"""Request objects (RFC 9101): an authorization request as a JWT signed by the client, encrypted to us if the client registered that.
What is inside counts, nothing else.

The key and its algorithm come from the client's registration, never from the JWT's header; `none` does not exist here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import jwt
import orjson
from authlib.oauth2 import OAuth2Error

from ..foundation import clock
from ..foundation.settings import Settings
from .client_keys import ClientKeysError
from .clients import RegisteredClient
from .encrypted_request import EncryptedRequestError, signed_part
from .jwt_times import LEEWAY
from .provider import Provider
from .public_jwk import SIGNATURE_ONLY, is_time
from .request import ParameterError, single_parameters

# FAPI 2.0 Message Signing §5.3.1: no longer than an hour, begun no more than an hour ago.
MAX_AGE = 3600
_TYPES = ("jwt", "oauth-authz-req+jwt")
_JWT_CLAIMS = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti"})
_FITTING = {"EC": ("ES256",), "RSA": ("RS256", "PS256"), "OKP": ("EdDSA",)}


class RequestObjectError(OAuth2Error):  # type: ignore[misc]
    """RFC 9101 §6.3."""

    error = "invalid_request_object"


def open_request_object(op: Provider, client: RegisteredClient, token: str) -> dict[str, str]:
    """The parameters inside a request object of this client, `client_id` included. Raises `RequestObjectError`."""
    try:
        claims = _verified(op, client, signed_part(op, client, token))
    except EncryptedRequestError as error:
        raise RequestObjectError(str(error)) from None
    for check in _CHECKS:
        check(op.parts.settings, client, claims)
    pairs = [(name, _text(value)) for name, value in claims.items() if name not in _JWT_CLAIMS]
    try:
        return single_parameters(urlencode(pairs).encode())
    except ParameterError as error:
        raise RequestObjectError(str(error)) from None
    except UnicodeEncodeError:
        raise RequestObjectError("A text in the request object is not Unicode.") from None


def _verified(op: Provider, client: RegisteredClient, token: str) -> dict[str, Any]:
    """The claims, signed by one of the client's keys; times and names are checked afterwards."""
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise RequestObjectError("The request object is not a JWT.") from None
    if str(header.get("typ", "JWT")).lower() not in _TYPES:
        raise RequestObjectError("The JWT's typ is that of something else.")
    kid = header.get("kid")
    try:
        keys = op.client_keys.of(client, kid if isinstance(kid, str) else None)
    except ClientKeysError as error:
        raise RequestObjectError(str(error)) from None
    for jwk in keys:
        if kid is not None and jwk.get("kid") not in (None, kid):
            continue
        alg = _algorithm(client, jwk)
        if alg is None:
            continue
        try:
            key = jwt.PyJWK.from_dict(jwk, algorithm=alg)
            claims: dict[str, Any] = jwt.decode(token, key.key, algorithms=[alg], options=SIGNATURE_ONLY)
        except (jwt.PyJWTError, ValueError, TypeError, json.JSONDecodeError):
            continue
        return claims
    raise RequestObjectError("The request object is not signed with a key and algorithm that the client registered.")


def _algorithm(client: RegisteredClient, jwk: dict[str, Any]) -> str | None:
    """One algorithm per key, from the registration. FAPI 2.0 §5.4 knows no RS256."""
    fitting = [a for a in _FITTING.get(str(jwk.get("kty")), ()) if client.fapi_profile is None or a != "RS256"]
    registered = client.metadata.get("request_object_signing_alg")
    wanted = jwk.get("alg") or registered or (fitting[0] if fitting else None)
    return wanted if wanted in fitting and registered in (None, wanted) else None


def check_client(_settings: Settings, client: RegisteredClient, claims: dict[str, Any]) -> None:
    """RFC 9101 §5: `client_id` inside is the one outside; `iss`, when there, is the client."""
    if claims.get("client_id") != client.client_id:
        raise RequestObjectError("client_id inside the request object is not the client's.")
    if claims.get("iss", client.client_id) != client.client_id:
        raise RequestObjectError("The request object's iss is not the client.")


def check_not_an_assertion(_settings: Settings, client: RegisteredClient, claims: dict[str, Any]) -> None:
    """RFC 9101 §10.8: what authenticates a client is not a request, and the other way round."""
    if claims.get("sub") == client.client_id:
        raise RequestObjectError("A request object must not name the client as sub.")


def check_not_nested(_settings: Settings, _client: RegisteredClient, claims: dict[str, Any]) -> None:
    """RFC 9101 §4."""
    if "request" in claims or "request_uri" in claims:
        raise RequestObjectError("A request object cannot contain request or request_uri.")


def check_audience(settings: Settings, client: RegisteredClient, claims: dict[str, Any]) -> None:
    """When there, it is for us; FAPI 2.0 Message Signing §5.3.1 requires it."""
    audience = claims.get("aud")
    if audience is None and client.fapi_profile is None:
        return
    if settings.issuer not in (audience if isinstance(audience, list) else [audience]):
        raise RequestObjectError("The request object's aud is not this issuer.")


def check_times(_settings: Settings, client: RegisteredClient, claims: dict[str, Any]) -> None:
    """`exp` and `nbf`; required and bounded for FAPI clients."""
    now, expires, begins = clock.epoch(), _instant(claims, "exp"), _instant(claims, "nbf")
    if expires is not None and expires + LEEWAY <= now:
        raise RequestObjectError("The request object has expired.")
    if begins is not None and begins - LEEWAY > now:
        raise RequestObjectError("The request object is not valid yet.")
    if client.fapi_profile is None:
        return
    if expires is None or begins is None:
        raise RequestObjectError("The request object needs exp and nbf.")
    if expires > begins + MAX_AGE or begins < now - MAX_AGE:
        raise RequestObjectError("The request object is valid for too long or is too old.")


_CHECKS: tuple[Callable[[Settings, RegisteredClient, dict[str, Any]], None], ...] = (
    check_client,
    check_not_an_assertion,
    check_not_nested,
    check_audience,
    check_times,
)


def _instant(claims: dict[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if not is_time(value):
        raise RequestObjectError(f"The request object's {name} is not a time.")
    return float(value)


def _text(value: Any) -> str:
    """A claim as the request parameter it stands for: JSON for structures, spaces between texts (RFC 9101 §4, RFC 8707 §2)."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list) and value and all(isinstance(v, str) for v in value):
        return " ".join(value)
    if isinstance(value, dict | list):
        with suppress(orjson.JSONEncodeError):
            return orjson.dumps(value).decode()
    raise RequestObjectError("A value in the request object has a wrong type.")
