"""`grant_type=refresh_token` with rotation and reuse detection (RFC 6749 §6, RFC 9700 §4.14).

A spent token, presented again within the grace by the client that owns it, returns the same successor: an answer lost on the way is
not a theft. Later, or when the successor was used already, it is reuse: the family ends and the resident is told.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, InvalidScopeError, UnauthorizedClientError
from authlib.oauth2.rfc6749.grants import RefreshTokenGrant
from sqlalchemy import select

from ...audit import EventType, record
from ...foundation import clock
from ...foundation.vault import digest
from ..client_auth import METHODS, authenticate
from ..model import Client, Grant
from ..protection import require_encryption_key
from ..provider import provider
from ..refresh_tokens import RefreshToken, read_refresh_token
from ..resource_access import check_target
from ..revoke import revoke_grants
from ..sender import sender_key
from ..storage.interface import GrantFacts, Rotation
from .authorization_code import token_body
from .refresh_kept import facts_of, keep


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
        grant, successor = keep(client.client_id, token) if client.fapi_profile else _rotate(client.client_id, token)
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
        if wanted is not None and not set(wanted.split()) <= set(grant.scope.split()):
            raise InvalidScopeError()
        check_target(provider().parts.settings, grant.resource, grant.scope, resource)


def _rotate(client_id: str, token: RefreshToken) -> tuple[GrantFacts, str]:
    op = provider()
    now = clock.epoch_ms()
    successor = token.successor(op.parts.vault)
    rotation = Rotation(
        grant_id=token.grant_id,
        token_digest=token.digest,
        client_id=client_id,
        successor_digest=digest(successor),
        successor_expires_at=now + op.parts.settings.refresh_idle_seconds * 1000,
        key_binding=sender_key().binding,
    )
    grant = op.store.rotate_refresh(rotation, now)
    return (grant, successor) if grant is not None else _repeat(client_id, token)


def _repeat(client_id: str, token: RefreshToken) -> tuple[GrantFacts, str]:
    """A token that cannot be rotated: a repeat within the grace, a reuse, or one that is over."""
    op = provider()
    now, shown = clock.now(), token.digest
    grace = timedelta(seconds=op.parts.settings.refresh_grace_seconds)
    with op.parts.database.read() as session:
        on = select(Grant).join(Client, Client.client_id == Grant.client_id).where(Client.active)
        grant = session.scalars(on.where(Grant.grant_id == token.grant_id)).first()
    if grant is None or grant.client_id != client_id or grant.revoked_at is not None or grant.expires_at <= now:
        raise InvalidGrantError("Invalid 'refresh_token' in request.")
    if grant.refresh_digest == shown or grant.key_binding not in (None, sender_key().binding):
        # It lay idle too long; or who shows it does not hold the key, and can use nothing and end nothing.
        raise InvalidGrantError("Invalid 'refresh_token' in request.")
    if grant.refresh_before == shown and grant.refresh_used_at is not None and grant.refresh_used_at > now - grace:
        for successor in token.successors(op.parts.vault):
            if digest(successor) == grant.refresh_digest:
                return facts_of(grant), successor
    with op.parts.database.write() as session:
        revoke_grants(session, [grant.grant_id])
        record(session, EventType.REFRESH_TOKEN_REUSED, resident_id=grant.resident_id, client_id=client_id)
    raise InvalidGrantError("Invalid 'refresh_token' in request.")
