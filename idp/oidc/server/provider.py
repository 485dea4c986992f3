"""The protocol's parts of one running instance, and Authlib's authorization server with our storage behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import orjson
from authlib.oauth2.rfc6749 import AuthorizationServer
from flask import Flask, Response, current_app
from flask import request as current_request

from ...foundation.context import Parts
from ...foundation.web.application import AppResponse
from ..client_keys import ClientKeys
from ..clients import ClientStore, RegisteredClient
from ..errors import InvalidClientError
from ..jose import SigningKeys
from ..storage import HotStore, open_store
from .challenges import BASIC
from .refusal_answers import told
from .request import ProtocolRequest

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class MachiServer(AuthorizationServer):
    """Authlib's server: grants and checks are registered on it by `install`."""

    def __init__(self, clients: ClientStore) -> None:
        super().__init__(scopes_supported=None)
        self._clients = clients

    def query_client(self, client_id: str) -> RegisteredClient | None:
        return self._clients.get(client_id)

    def create_oauth2_request(self, request: Any) -> ProtocolRequest:
        """The current request, unless it was read before."""
        return request or ProtocolRequest.of_form(current_request)

    def handle_error_response(self, request: Any, error: Any) -> Response:
        """The JSON error of RFC 6749 §5.2. A client that could not be authenticated is told how it may be (RFC 9110 §11.6.1)."""
        status, body, headers = error(None)
        if isinstance(error, InvalidClientError):
            status, headers = 401, {**dict(headers), "WWW-Authenticate": BASIC}
        return self.handle_response(status, told(dict(body)), headers)

    def handle_response(self, status: int, body: Any, headers: Any) -> Response:
        payload: bytes = orjson.dumps(body) if isinstance(body, dict) else body.encode()
        answer = AppResponse(payload, {**dict(headers), **NO_STORE}.items(), status)
        if not payload:  # no body, so of no type: Flask would say text/html, which libraries that expect JSON refuse
            del answer.headers["Content-Type"]
        return answer


@dataclass
class Provider:
    """What the endpoints share."""

    parts: Parts
    clients: ClientStore
    keys: SigningKeys
    client_keys: ClientKeys
    store: HotStore
    server: MachiServer


def build_provider(instance: Parts) -> Provider:
    clients = ClientStore(instance.database)
    return Provider(
        parts=instance,
        clients=clients,
        keys=SigningKeys(instance.database, instance.vault),
        client_keys=ClientKeys(instance.outbound),
        store=open_store(instance.database),
        server=MachiServer(clients),
    )


def provider(app: Flask | None = None) -> Provider:
    """The provider of the current (or the given) application."""
    return cast(Provider, (app or current_app).extensions["machi_oidc"])
