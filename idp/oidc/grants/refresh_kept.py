"""Refresh without rotation, for clients whose tokens are bound to a key anyway (FAPI 2.0 §5.3.2.1: no rotation)."""

from __future__ import annotations

from datetime import timedelta

from authlib.oauth2.rfc6749 import InvalidGrantError
from sqlalchemy import select

from ...foundation import clock
from ...foundation.database import to_ms
from ...foundation.vault import digest
from ...residents.model import Resident, ResidentState
from ..model import Grant, RefreshToken
from ..provider import provider
from ..sender import sender_key
from ..storage.interface import GRANT_COLUMNS, GrantFacts


def keep(client_id: str, token: str) -> tuple[GrantFacts, str]:
    """The live grant of this refresh token, which stays as it is and lives on. Raises `InvalidGrantError`."""
    op, now = provider(), clock.now()
    with op.parts.database.write() as session:
        found = session.execute(
            select(RefreshToken, Grant)
            .join(Grant, Grant.grant_id == RefreshToken.grant_id)
            .join(Resident, Resident.resident_id == Grant.resident_id)
            .where(
                RefreshToken.token_digest == digest(token),
                RefreshToken.spent_at.is_(None),
                RefreshToken.expires_at > now,
                Grant.client_id == client_id,
                Grant.revoked_at.is_(None),
                Grant.expires_at > now,
                Resident.state == ResidentState.ACTIVE.value,
            )
        ).first()
        if found is None or found.Grant.key_binding not in (None, sender_key().binding):
            raise InvalidGrantError("Invalid 'refresh_token' in request.")
        idle = timedelta(seconds=op.parts.settings.refresh_idle_seconds)
        found.RefreshToken.expires_at = min(now + idle, found.Grant.expires_at)
        return facts_of(found.Grant), token


def facts_of(grant: Grant) -> GrantFacts:
    """A row of the grant's table as the hot path would have read it."""
    values = {name: getattr(grant, name) for name in GRANT_COLUMNS.split(", ")}
    values["authenticated_at"] = to_ms(grant.authenticated_at)
    values["expires_at"] = to_ms(grant.expires_at)
    return GrantFacts(**values)
