"""`grant_type=refresh_token` with rotation and reuse detection (RFC 6749 §6, RFC 9700 §4.14).

A spent token, presented again within the grace by the client that owns it, returns the same successor: an answer lost on the way is
not a theft. Later, or when the successor was used already, it is reuse: the family ends and the resident is told.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, InvalidScopeError, UnauthorizedClientError
from authlib.oauth2.rfc6749.grants import RefreshTokenGrant
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select

from ...audit import EventType, record
from ...foundation import clock
from ...foundation.ids import new_secret
from ...foundation.vault import digest
from ..client_auth import METHODS, authenticate
from ..model import Grant, RefreshToken
from ..protection import require_encryption_key
from ..provider import provider
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
        token = self.request.form.get("refresh_token")
        if token is None:
            raise InvalidRequestError("Missing 'refresh_token' in request.")
        self.request.client = client
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

    def _narrow(self, token: str) -> None:
        """A part of scope or resources for this access token is fine, more is not; checked before anything is consumed."""
        wanted, resource = self.request.form.get("scope"), self.request.form.get("resource")
        if wanted is None and resource is None:
            return
        with provider().parts.database.read() as session:
            grant = session.scalars(
                select(Grant)
                .join(RefreshToken, RefreshToken.grant_id == Grant.grant_id)
                .where(RefreshToken.token_digest == digest(token))
            ).first()
        if grant is None:
            return
        if wanted is not None and not set(wanted.split()) <= set(grant.scope.split()):
            raise InvalidScopeError()
        check_target(provider().parts.settings, grant.resource, grant.scope, resource)


def _rotate(client_id: str, token: str) -> tuple[GrantFacts, str]:
    op = provider()
    now = clock.epoch_ms()
    successor = new_secret()
    rotation = Rotation(
        token_digest=digest(token),
        client_id=client_id,
        successor_digest=digest(successor),
        successor_sealed=_seal(token, successor),
        successor_expires_at=now + op.parts.settings.refresh_idle_seconds * 1000,
        key_binding=sender_key().binding,
    )
    grant = op.store.rotate_refresh(rotation, now)
    return (grant, successor) if grant is not None else _repeat(client_id, token)


def _repeat(client_id: str, token: str) -> tuple[GrantFacts, str]:
    """A token that cannot be rotated: a repeat within the grace, a reuse, or simply not one."""
    op = provider()
    now = clock.now()
    grace = timedelta(seconds=op.parts.settings.refresh_grace_seconds)
    with op.parts.database.read() as session:
        row = session.get(RefreshToken, digest(token))
        grant = session.get(Grant, row.grant_id) if row is not None else None
        if row is None or grant is None or grant.client_id != client_id or row.spent_at is None:
            raise InvalidGrantError("Invalid 'refresh_token' in request.")
        if grant.revoked_at is not None or grant.expires_at <= now:
            raise InvalidGrantError("Invalid 'refresh_token' in request.")
        if grant.key_binding not in (None, sender_key().binding):
            # Who does not hold the key can use nothing and end nothing.
            raise InvalidGrantError("Invalid 'refresh_token' in request.")
        if row.spent_at > now - grace and row.successor_sealed is not None:
            successor = _unseal(token, row.successor_sealed)
            following = session.get(RefreshToken, digest(successor))
            if following is not None and following.spent_at is None:
                return facts_of(grant), successor
    with op.parts.database.write() as session:
        revoke_grants(session, [grant.grant_id])
        record(session, EventType.REFRESH_TOKEN_REUSED, resident_id=grant.resident_id, client_id=client_id)
    raise InvalidGrantError("Invalid 'refresh_token' in request.")


def _key(token: str) -> AESGCM:
    # Only whoever holds the spent token can open its successor; the database alone cannot.
    return AESGCM(hashlib.sha256(b"machi-refresh-successor" + token.encode()).digest())


def _seal(token: str, successor: str) -> bytes:
    # The key is used for this one message only, so a fixed nonce is safe (NIST SP 800-38D §8: never twice under one key).
    return _key(token).encrypt(bytes(12), successor.encode(), None)


def _unseal(token: str, sealed: bytes) -> str:
    return _key(token).decrypt(bytes(12), bytes(sealed), None).decode()
