"""Signed authentication requests (CIBA §7.1.1): every parameter inside one JWT of the client, none outside."""

from __future__ import annotations

from typing import Any

from ..client_auth import backchannel_request, open_client_jwt
from ..clients import RegisteredClient
from ..errors import InvalidRequestError
from ..jose import JwtError
from ..server import Provider

# What authenticates the client stays outside.
_OUTSIDE = frozenset({"request", "client_id", "client_secret", "client_assertion", "client_assertion_type"})
_JWT_CLAIMS = frozenset({"iss", "aud", "exp", "iat", "nbf", "jti"})
_INSIDE = (
    "scope",
    "client_notification_token",
    "acr_values",
    "login_hint_token",
    "id_token_hint",
    "login_hint",
    "binding_message",
    "user_code",
    "requested_expiry",
    "resource",
    "authorization_details",
    "claims",
)
MAX_LENGTH = 8000


def signed_parameters(op: Provider, client: RegisteredClient, form: dict[str, str]) -> dict[str, str]:
    """The request's parameters, from the signed JWT if there is one. Raises `InvalidRequestError`.

    A client that registered an algorithm must sign; one that did not must not.
    """
    registered = client.metadata.get("backchannel_authentication_request_signing_alg")
    token = form.get("request")
    if registered is None and token is None:
        return form
    if registered is None or token is None:
        raise InvalidRequestError("Signed requests are used if and only if they were registered.")
    if set(form) - _OUTSIDE:
        raise InvalidRequestError("With 'request', parameters must not be sent outside of it.")
    try:
        claims = open_client_jwt(op, client, token, backchannel_request(op.parts.settings, op.parts.database, client))
    except JwtError as error:
        raise InvalidRequestError(str(error)) from None
    return {name: _text(name, claims[name]) for name in _INSIDE if name in claims}


def _text(name: str, value: Any) -> str:
    if isinstance(value, list) and name == "resource" and all(isinstance(v, str) for v in value):
        value = " ".join(value)
    if name == "requested_expiry" and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_LENGTH or "\x00" in value:
        raise InvalidRequestError(f"request: {name} has a wrong type or length.")
    return value
