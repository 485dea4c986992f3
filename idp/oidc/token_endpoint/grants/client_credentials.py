"""`grant_type=client_credentials` (RFC 6749 §4.4): a department's system speaks for itself, for our API."""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc6749 import UnauthorizedClientError
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant

from ....foundation import clock
from ...client_auth.authenticate import METHODS, authenticate
from ...client_auth.sender import sender_key
from ...clients.clients import API_SCOPES
from ...clients.scopes import refused
from ...resources.resources import audience_for
from ...server.provider import provider
from ...tokens.tokens import make_access_token


class ClientGrant(ClientCredentialsGrant):  # type: ignore[misc]
    """Registered with Authlib's server. Without `scope`, all API scopes the client has."""

    TOKEN_ENDPOINT_AUTH_METHODS = list(METHODS)

    def validate_token_request(self) -> None:
        client = authenticate(self.request, tuple(m for m in METHODS if m != "none"))
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("The client is not authorized to use 'grant_type=client_credentials'")
        self.request.client = client
        own = client.scopes & set(API_SCOPES)
        wanted = set((self.request.form.get("scope") or " ".join(own)).split())
        if not wanted or not wanted <= own:
            raise refused(wanted - own, "The client may not have this scope for itself")
        self.request.scope = " ".join(sorted(wanted))

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        op, client, scope = provider(), self.request.client, self.request.scope
        settings = op.parts.settings
        token = make_access_token(
            settings,
            op.keys,
            client_id=client.client_id,
            sub=client.client_id,
            scope=scope,
            audience=audience_for(settings, set(scope.split()), self.request.form.get("resource")),
            grant_id=None,
            now=clock.epoch(),
            confirmation=sender_key().confirmation,
        )
        body = {
            "access_token": token,
            "token_type": sender_key().token_type,
            "expires_in": settings.access_token_seconds,
            "scope": scope,
        }
        return 200, body, self.TOKEN_RESPONSE_HEADER
