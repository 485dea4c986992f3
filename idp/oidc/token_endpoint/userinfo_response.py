"""The userinfo answer as its client registered it: JSON, signed, encrypted, or both (OIDC Core §5.3.2)."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response

from ..clients import RegisteredClient
from ..errors import OAuth2Error
from ..protection import encrypt_for, encrypts, sign_for
from ..server import NO_STORE, provider
from .bearer import BearerError


def is_protected(client: RegisteredClient) -> bool:
    """Whether this client's answers are anything else than plain JSON."""
    return "userinfo_signed_response_alg" in client.metadata or encrypts(client, "userinfo")


def protected_response(client: RegisteredClient, claims: dict[str, Any]) -> Response:
    """Raises `BearerError` (503) when the client's encryption key cannot be had: never plain instead."""
    op = provider()
    alg = client.metadata.get("userinfo_signed_response_alg")
    content: str | bytes = orjson.dumps(claims)
    if alg is not None:
        about = {"iss": op.parts.settings.issuer, "aud": client.client_id}
        content = sign_for(op, client, str(alg), {**claims, **about})
    if encrypts(client, "userinfo"):
        try:
            content = encrypt_for(op, client, "userinfo", content, nested=alg is not None)
        except OAuth2Error as error:
            raise BearerError(503, "temporarily_unavailable", str(error.description)) from None
    return Response(content, content_type="application/jwt", headers=NO_STORE)
