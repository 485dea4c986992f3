"""Client authentication: client_secret_basic, client_secret_post, private_key_jwt (RFC 7523 §2.2), none.

A client is authenticated only by the method it registered. Failures are limited per client and network.
"""

from __future__ import annotations

from typing import Any

from flask import request as request_context

from ...foundation.vault import digest
from ...foundation.web.network import client_network
from ..client_keys import readable_secret
from ..clients import RegisteredClient
from ..errors import InvalidClientError
from ..jose import Fault, JwtError, Keys, Secret, claimed, verify
from ..policy import FAPI_METHODS as STRONG_METHODS
from ..server import Provider, provider
from .jwt_rules import client_assertion
from .reason import reason
from .tls import register_tls_methods

CLIENT_AUTH_METHODS = (
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
    "none",
)
CONFIDENTIAL = tuple(method for method in CLIENT_AUTH_METHODS if method != "none")
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class AssertionRefusedError(InvalidClientError):
    """What is wrong with a client assertion: said to its developer, since only a claimed client's rules are spoken of."""

    def __init__(self, description: str) -> None:
        super().__init__(status_code=401, description=description)


def register_methods(op: Provider) -> None:
    """Add what Authlib's server does not bring."""
    op.server.register_client_auth_method("private_key_jwt", _private_key_jwt)
    op.server.register_client_auth_method("client_secret_jwt", _client_secret_jwt)
    register_tls_methods(op)


def authenticated(request: Any, methods: tuple[str, ...]) -> RegisteredClient:
    """The client, by one of the methods that an endpoint takes. Raises `InvalidClientError` (401)."""
    op = provider()
    try:
        client: RegisteredClient = op.server.authenticate_client(request, list(methods))
        if request.form.get("client_id") not in (None, client.client_id):
            raise InvalidClientError
        if client.fapi_profile is not None and client.auth_method not in STRONG_METHODS:
            raise InvalidClientError
    except (InvalidClientError, ValueError) as error:  # ValueError: Authlib on a Basic header, not base64 of UTF-8
        # Only failures are counted: a right secret costs no look-up here, and nobody can lock a client out by guessing.
        op.parts.limits.hit(op.parts.settings.token_limit, "client-auth", _claimed_id(request), client_network())
        said = error.description if isinstance(error, AssertionRefusedError) else reason(op, request, methods)
        raise InvalidClientError(status_code=401, description=said) from None
    return client


def reject_several(request: Any) -> None:
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
    return _by_assertion(query_client, request, "client_secret_jwt")


def _private_key_jwt(query_client: Any, request: Any) -> RegisteredClient | None:
    """Authlib auth method (OIDC Core §9): the assertion is signed with a key the client registered."""
    return _by_assertion(query_client, request, "private_key_jwt")


def _by_assertion(query_client: Any, request: Any, method: str) -> RegisteredClient | None:
    assertion = request.form.get("client_assertion")
    if request.form.get("client_assertion_type") != ASSERTION_TYPE or not assertion:
        return None
    subject = claimed(assertion).get("sub")
    client: RegisteredClient | None = query_client(subject if isinstance(subject, str) else None)
    if client is None or client.auth_method != method:
        return None
    if request.form.get("client_id") not in (None, client.client_id):
        raise AssertionRefusedError("client_id does not fit the client assertion.")
    op = provider()
    rules = client_assertion(op.parts.settings, op.parts.database, client, request_context.path)
    try:
        verify(assertion, _keys_of(op, client), rules)
    except JwtError as error:
        if method == "client_secret_jwt" and error.fault is Fault.SIGNATURE:
            return None  # of a guessed secret nothing is said that is not said of an unknown client
        raise AssertionRefusedError(str(error)) from None
    return client


def _keys_of(op: Provider, client: RegisteredClient) -> Keys:
    if client.auth_method == "client_secret_jwt":
        return Secret(readable_secret(op.parts.vault, client) or b"")
    return lambda header: op.client_keys.of(client, header.get("kid"))
