"""Request objects (RFC 9101): an authorization request as a JWT signed by the client, encrypted to us if the client registered that.
What is inside counts, nothing else.

The key and its algorithm come from the client's registration, never from the JWT's header; `none` does not exist here.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson

from ..client_auth import open_client_jwt, request_object
from ..clients import RegisteredClient
from ..errors import OAuth2Error
from ..flows import Check, Table
from ..jose import JwtError
from ..server import ParameterError, Provider, single_parameters
from .encrypted_request import EncryptedRequestError, signed_part

_JWT_CLAIMS = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti"})


class RequestObjectError(OAuth2Error):
    """RFC 9101 §6.3."""

    error = "invalid_request_object"


def open_request_object(op: Provider, client: RegisteredClient, token: str) -> dict[str, str]:
    """The parameters inside a request object of this client, `client_id` included. Raises `RequestObjectError`."""
    try:
        rules = request_object(op.parts.settings, client)
        claims = open_client_jwt(op, client, signed_part(op, client, token), rules)
    except (EncryptedRequestError, JwtError) as error:
        raise RequestObjectError(str(error)) from None
    CHECKS.run(op, RequestObject(client, claims))
    pairs = [(name, _text(value)) for name, value in claims.items() if name not in _JWT_CLAIMS]
    try:
        return single_parameters(urlencode(pairs).encode())
    except ParameterError as error:
        raise RequestObjectError(str(error)) from None
    except UnicodeEncodeError:
        raise RequestObjectError("A text in the request object is not Unicode.") from None


@dataclass(frozen=True)
class RequestObject:
    """A request object whose signature and times are right: whose it is, and what is inside."""

    client: RegisteredClient
    claims: dict[str, Any]


def check_client(_op: Provider, opened: RequestObject) -> None:
    """client_id inside is the one outside."""
    if opened.claims.get("client_id") != opened.client.client_id:
        raise RequestObjectError("client_id inside the request object is not the client's.")


def check_not_an_assertion(_op: Provider, opened: RequestObject) -> None:
    """What authenticates a client is not a request, and the other way round."""
    if opened.claims.get("sub") == opened.client.client_id:
        raise RequestObjectError("A request object must not name the client as sub.")


def check_not_nested(_op: Provider, opened: RequestObject) -> None:
    """There is no request object, and no reference to one, inside."""
    if "request" in opened.claims or "request_uri" in opened.claims:
        raise RequestObjectError("A request object cannot contain request or request_uri.")


CHECKS: Table[RequestObject, None] = Table(
    "A request object whose signature is right",
    (
        Check(check_client, "RFC 9101 §5", "invalid_request_object"),
        Check(check_not_an_assertion, "RFC 9101 §10.8", "invalid_request_object"),
        Check(check_not_nested, "RFC 9101 §4", "invalid_request_object"),
    ),
)


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
