"""Introspection answers as signed (and encrypted) JWTs (RFC 9701), for a caller that accepts them or registered so."""

from __future__ import annotations

from typing import Any

from flask import request

from ...foundation import clock
from ..clients import RegisteredClient
from ..flows import JSON, EndpointResponse
from ..protection import encrypt_for, encrypts, sign_for
from ..server import provider

TYPE = "token-introspection+jwt"


def introspection_answer(client: RegisteredClient, body: dict[str, Any]) -> EndpointResponse:
    """JSON, or a JWT (§4, §5): what is asked by `Accept`, and never plain for a client that registered otherwise.

    Raises `OAuth2Error` when the client's encryption key cannot be had.
    """
    op = provider()
    registered = "introspection_signed_response_alg" in client.metadata or encrypts(client, "introspection")
    if not registered and f"application/{TYPE}" not in request.headers.get("Accept", ""):
        return 200, body, JSON
    claims = {
        "iss": op.parts.settings.issuer,
        "aud": client.client_id,
        "iat": clock.epoch(),
        "token_introspection": body,
    }
    alg = str(client.metadata.get("introspection_signed_response_alg", "RS256"))
    token = sign_for(op, client, alg, claims, TYPE)
    if encrypts(client, "introspection"):
        token = encrypt_for(op, client, "introspection", token)
    return 200, token, (("Content-Type", f"application/{TYPE}"),)
