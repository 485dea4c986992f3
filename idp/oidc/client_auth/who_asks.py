"""Which app a refused request names, for the log and the desk: only a registered one, whether it proved itself or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from flask import Flask, g, request

from ..jose import claimed
from ..server import ProtocolRequest, Provider
from .reason import claimed_client


def install(app: Flask, op: Provider) -> None:
    """Let the log know. Asked after a refusal only, so that no other request pays for it."""

    def who_asks() -> str | None:
        client = op.clients.get(_named())
        return client.client_id if client is not None else None

    app.extensions["machi_who_asks"] = who_asks


def _named() -> str | None:
    if (form := g.get("protocol_request")) is not None:
        return claimed_client(form)
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() in ("bearer", "dpop"):
        found = claimed(token.strip()).get("client_id") or (request.view_args or {}).get("client_id")
    elif scheme.lower() == "basic":
        found = claimed_client(ProtocolRequest(request.method, {}, cast("Mapping[str, str]", request.headers)))
    else:
        found = (request.view_args or {}).get("client_id") or request.args.get("client_id")
    return found if isinstance(found, str) else None
