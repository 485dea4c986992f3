"""`grant_type=refresh_token` with rotation (RFC 6749 §6, RFC 9700 §4.14): here what nearly every refresh is.

A token that is not the live one of its family goes to `refresh_again`, where a lost answer is told from a theft.
"""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, UnauthorizedClientError
from authlib.oauth2.rfc6749.grants import RefreshTokenGrant

from ....foundation import clock
from ....foundation.vault import digest
from ...client_auth.authenticate import METHODS, authenticate
from ...client_auth.sender import sender_key
from ...clients.clients import RegisteredClient
from ...clients.scopes import refused
from ...grants.model import Grant
from ...protection.protect import require_encryption_key
from ...resources.resource_access import check_target
from ...server.provider import provider
from ...storage.interface import GrantFacts, Rotation
from ...tokens.refresh_tokens import RefreshToken, read_refresh_token
from .authorization_code import token_body
from .refresh_again import show_again
from .refresh_kept import keep


class RefreshGrant(RefreshTokenGrant):  # type: ignore[misc]
    """Registered with Authlib's server."""

    TOKEN_ENDPOINT_AUTH_METHODS = list(METHODS)

    def validate_token_request(self) -> None:
        client = authenticate(self.request)
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("The client is not authorized to use 'grant_type=refresh_token'")
        text = self.request.form.get("refresh_token")
        if text is None:
            raise InvalidRequestError("Missing 'refresh_token' in request.")
        self.request.client = client
        token = read_refresh_token(provider().parts.vault, text)
        if token is None:
            raise InvalidGrantError("Invalid 'refresh_token' in request.")
        self.request.refresh_token = token
        self._narrow(token)
        require_encryption_key(provider(), client)

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        client, token = self.request.client, self.request.refresh_token
        grant, successor = keep(client.client_id, token) if client.fapi_profile else _rotate(client, token)
        return (
            200,
            token_body(client, grant, successor, self.request.form.get("scope"), self.request.form.get("resource")),
            self.TOKEN_RESPONSE_HEADER,
        )

    def _narrow(self, token: RefreshToken) -> None:
        """A part of scope or resources for this access token is fine, more is not; checked before anything is consumed."""
        wanted, resource = self.request.form.get("scope"), self.request.form.get("resource")
        if wanted is None and resource is None:
            return
        with provider().parts.database.read() as session:
            grant = session.get(Grant, token.grant_id)
        if grant is None:
            return
        if wanted is not None and (more := set(wanted.split()) - set(grant.scope.split())):
            raise refused(more, "This scope was not granted")
        check_target(provider().parts.settings, grant.resource, grant.scope, resource)


def _rotate(client: RegisteredClient, token: RefreshToken) -> tuple[GrantFacts, str]:
    op = provider()
    now = clock.epoch_ms()
    successor = token.successor(op.parts.vault, token.count + 1)
    rotation = Rotation(
        grant_id=token.grant_id,
        token_digest=token.digest,
        client_id=client.client_id,
        successor_digest=digest(successor),
        successor_count=token.count + 1,
        successor_expires_at=now + op.parts.settings.refresh_idle_seconds * 1000,
        key_binding=sender_key().binding,
    )
    grant = op.store.rotate_refresh(rotation, now)
    return (grant, successor) if grant is not None else show_again(client, token)
