"""Introspection answers as signed (and encrypted) JWTs (RFC 9701), for a caller that accepts them or registered so."""

from __future__ import annotations

from typing import Any

from authlib.oauth2 import OAuth2Error
from flask import Response, request

from ...foundation import clock
from ..clients.clients import RegisteredClient
from ..protection.protect import encrypt_for, encrypts, sign_for
from ..server.provider import NO_STORE, provider
from .token import oauth_error

TYPE = "token-introspection+jwt"


def introspection_answer(client: RegisteredClient, body: dict[str, Any]) -> Response:
    """JSON, or a JWT (§4, §5): what is asked by `Accept`, and never plain for a client that registered otherwise."""
    op = provider()
    registered = "introspection_signed_response_alg" in client.metadata or encrypts(client, "introspection")
    if not registered and f"application/{TYPE}" not in request.headers.get("Accept", ""):
        response: Response = op.server.handle_response(200, body, [("Content-Type", "application/json")])
        return response
    claims = {
        "iss": op.parts.settings.issuer,
        "aud": client.client_id,
        "iat": clock.epoch(),
        "token_introspection": body,
    }
    alg = str(client.metadata.get("introspection_signed_response_alg", "RS256"))
    try:
        token = sign_for(op, client, alg, claims, TYPE)
        if encrypts(client, "introspection"):
            token = encrypt_for(op, client, "introspection", token)
    except OAuth2Error as error:
        return oauth_error(error)
    return Response(token, content_type=f"application/{TYPE}", headers=NO_STORE)
