"""JWTs that a client signs with a key it registered: assertions, request objects, CIBA requests, login hints."""

from __future__ import annotations

from typing import Any

from ..clients import RegisteredClient
from ..jose import Rules, verify
from ..server import Provider


def open_client_jwt(op: Provider, client: RegisteredClient, token: str, rules: Rules) -> dict[str, Any]:
    """The claims of a JWT by one of the client's keys. Raises `jose.verify.JwtError`."""
    return verify(token, lambda header: op.client_keys.of(client, header.get("kid")), rules).claims
