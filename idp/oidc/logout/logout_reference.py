"""A checked logout request as a short sealed text: what an address of ours says instead of the ID token, which proxies would log.

An ID token holds a name, an address, a birth date; what is left of it after the check is the client, where to go, and the `sid`.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

import orjson

from ...foundation import clock
from ...foundation.vault import VaultError
from ..clients import RegisteredClient
from ..server import provider

REFERENCE = "request"
SECONDS = 600
_PURPOSE = "logout request"


@dataclass(frozen=True)
class LogoutRequest:
    """A logout request after its checks. `return_to` only if the client registered it (RP-Initiated Logout §3)."""

    client: RegisteredClient | None = None
    return_to: str | None = None
    sid: str | None = None
    hinted: bool = False


def refer_to(asked: LogoutRequest) -> str:
    """The request, sealed for ten minutes, base64url."""
    client_id = asked.client.client_id if asked.client is not None else None
    plain = orjson.dumps([clock.epoch() + SECONDS, client_id, asked.return_to, asked.sid, asked.hinted])
    sealed = provider().parts.vault.seal_one(_PURPOSE, plain, "")
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def read_reference(text: str) -> LogoutRequest | None:
    """None for what is no reference of ours, or too old."""
    op = provider()
    try:
        sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        until, client_id, return_to, sid, hinted = orjson.loads(op.parts.vault.open_one(_PURPOSE, sealed, ""))
    except (VaultError, binascii.Error, ValueError):
        return None
    return LogoutRequest(op.clients.get(client_id), return_to, sid, hinted) if until > clock.epoch() else None
