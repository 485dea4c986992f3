"""Why a client could not be authenticated, for its developer: only what tells nothing to whoever guesses a secret.

An unknown client and a wrong secret get one answer. That a method was not the registered one is said when the secret was right, or
where there is none to be guessed.
"""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc6749.util import extract_basic_authorization

from ..clients import PLAIN_SECRET_METHODS, RegisteredClient
from ..jose import claimed
from ..policy import FAPI_METHODS as STRONG_METHODS
from ..server import Provider

UNSAID = "The client could not be authenticated."
_ASSERTION = "client_assertion"


def reason(op: Provider, request: Any, methods: tuple[str, ...]) -> str:
    """The text for `error_description`. `methods` are those that the endpoint takes."""
    used, client_id, secret = _sent(request)
    client = op.clients.get(client_id)
    if client is None or not _harmless(client, secret):
        return UNSAID
    if client.fapi_profile is not None and client.auth_method not in STRONG_METHODS:
        return f"FAPI 2.0 takes {', '.join(STRONG_METHODS)} only."
    if client.auth_method not in methods:
        return f"This endpoint does not take a client that is registered for {client.auth_method}."
    if client.check_endpoint_auth_method(used, "token") or (used == _ASSERTION and client.auth_method.endswith("_jwt")):
        return UNSAID
    return f"The client is registered for {client.auth_method}, and {_named(used)} was used."


def _sent(request: Any) -> tuple[str, str | None, str | None]:
    """Method, client id and secret, as far as they can be read."""
    form = request.form
    if str(request.headers.get("Authorization", "")).lower().startswith("basic "):
        try:
            client_id, secret = extract_basic_authorization(request.headers)
        except ValueError:
            return "client_secret_basic", None, None
        return "client_secret_basic", client_id, secret
    if "client_secret" in form:
        return "client_secret_post", form.get("client_id"), form["client_secret"]
    if _ASSERTION in form:
        return _ASSERTION, form.get("client_id") or _text(claimed(form[_ASSERTION]).get("sub")), None
    return "none", form.get("client_id"), None


def _harmless(client: RegisteredClient, secret: str | None) -> bool:
    """A secret that was sent is right, or is none of ours to be guessed."""
    if secret is None:
        return client.auth_method not in (
            "tls_client_auth",
            "self_signed_tls_client_auth",
        )  # a certificate may have come
    return client.auth_method not in (*PLAIN_SECRET_METHODS, "client_secret_jwt") or client.check_client_secret(secret)


def _named(used: str) -> str:
    return {"none": "nothing to authenticate it", _ASSERTION: "an assertion"}.get(used, used)


def claimed_client(request: Any) -> str | None:
    """The client that a form request names, proven or not."""
    return _sent(request)[1]


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
