"""Refresh without rotation, for clients whose tokens are bound to a key anyway (FAPI 2.0 §5.3.2.1: no rotation)."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from ....foundation import clock
from ....foundation.database import to_ms
from ....residents.model import Resident, ResidentState
from ...client_auth import sender_key
from ...clients.model import Client
from ...errors import InvalidGrantError
from ...grants.model import Grant
from ...server import provider
from ...storage import GRANT_NAMES, GrantFacts
from ...tokens import RefreshToken


def keep(client_id: str, token: RefreshToken) -> tuple[GrantFacts, str]:
    """The live grant of this refresh token, which stays as it is and lives on. Raises `InvalidGrantError`."""
    op, now = provider(), clock.now()
    with op.parts.database.write() as session:
        grant = live_grant_of(session, client_id, token)
        if grant is None or grant.key_binding not in (None, sender_key().binding):
            raise InvalidGrantError("Invalid 'refresh_token' in request.")
        idle = timedelta(seconds=op.parts.settings.refresh_idle_seconds)
        grant.refresh_expires_at = min(now + idle, grant.expires_at)
        return facts_of(grant), token.text


def live_grant_of(session: Session, client_id: str, token: RefreshToken) -> Grant | None:
    """The grant of this client whose live refresh token this is."""
    return session.scalars(live_family(client_id, token).where(Grant.refresh_digest == token.digest)).first()


def live_family(client_id: str, token: RefreshToken) -> Select[Grant]:
    """The grant that this refresh token is or was one of, if this client may use it at all (as `_ROTATE` of the hot path has it)."""
    now = clock.now()
    return (
        select(Grant)
        .join(Resident, Resident.resident_id == Grant.resident_id)
        .join(Client, Client.client_id == Grant.client_id)
        .where(
            Grant.grant_id == token.grant_id,
            Grant.refresh_expires_at > now,
            Grant.client_id == client_id,
            Grant.revoked_at.is_(None),
            Grant.expires_at > now,
            Resident.state == ResidentState.ACTIVE.value,
            Client.active,
        )
    )


def facts_of(grant: Grant) -> GrantFacts:
    """A row of the grant's table as the hot path would have read it."""
    values = {name: getattr(grant, name) for name in GRANT_NAMES}
    values["authenticated_at"] = to_ms(grant.authenticated_at)
    values["expires_at"] = to_ms(grant.expires_at)
    return GrantFacts(**values)
