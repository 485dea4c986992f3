"""Access tokens for other departments' APIs: opaque, because whoever bears one must not learn the `sub` that the API knows.

The API asks the introspection endpoint (RFC 7662) and is told the resident as its own sector knows them, and who acts. Such a token
lives no longer than the resident's grant at the beginning of its chain.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, aliased

from ...foundation import clock
from ...foundation.database import to_ms
from ...foundation.housekeeping import cleans_up
from ...foundation.ids import new_secret
from ...foundation.vault import digest
from ...residents import subjects
from ...residents.model import Resident, ResidentState
from ..client_auth import sender_key
from ..clients.model import Client
from ..grants.model import Grant
from ..policy.model import ResourceIndicator
from ..server import provider
from .model import ReferenceToken

# What tells them from our JWTs, and where a leaked one comes from.
PREFIX = "machi_at_"


@dataclass(frozen=True)
class Made:
    """A new token, shown this once; `seconds` to live."""

    token: str
    seconds: int


def make(
    session: Session,
    *,
    client_id: str,
    owner: ResourceIndicator,
    grant_id: str,
    resident_id: str,
    scope: str,
    expires_at: datetime,
    act: dict[str, Any] | None = None,
    details: str | None = None,
    resources: list[str] | None = None,
) -> Made:
    """Store and return a token for `owner`'s API, or for all of `resources`, which are its.

    `expires_at` is the latest end; it is shortened to the usual lifetime.
    """
    now = clock.now()
    sector = session.scalars(select(Client.sector).where(Client.client_id == owner.client_id)).one()
    token = PREFIX + new_secret()
    end = min(expires_at, now + timedelta(seconds=provider().parts.settings.access_token_seconds))
    confirmation = sender_key().confirmation
    session.add(
        ReferenceToken(
            token_digest=digest(token),
            grant_id=grant_id,
            client_id=client_id,
            owner_id=owner.client_id,
            resource=" ".join(resources or [owner.resource]),
            sub=subjects.subject_of(session, resident_id, sector),
            scope=scope,
            act=orjson.dumps(act).decode() if act is not None else None,
            details=details,
            confirmation=orjson.dumps(confirmation).decode() if confirmation is not None else None,
            created_at=now,
            expires_at=end,
        )
    )
    return Made(token, max(0, int((end - now).total_seconds())))


def find(session: Session, token: str) -> tuple[ReferenceToken, Grant] | None:
    """A live token with the grant it hangs on; None for anything else. Everybody of the chain is switched on: who bears it, whose API
    it is for, and whose grant it came from.
    """
    if not token.startswith(PREFIX):
        return None
    now = clock.now()
    bearer, owner, first = aliased(Client), aliased(Client), aliased(Client)
    row = session.execute(
        select(ReferenceToken, Grant)
        .join(Grant, Grant.grant_id == ReferenceToken.grant_id)
        .join(Resident, Resident.resident_id == Grant.resident_id)
        .join(bearer, bearer.client_id == ReferenceToken.client_id)
        .join(owner, owner.client_id == ReferenceToken.owner_id)
        .join(first, first.client_id == Grant.client_id)
        .where(
            ReferenceToken.token_digest == digest(token),
            ReferenceToken.revoked_at.is_(None),
            ReferenceToken.expires_at > now,
            Grant.revoked_at.is_(None),
            Grant.expires_at > now,
            Resident.state == ResidentState.ACTIVE.value,
            *(client.active for client in (bearer, owner, first)),
        )
    ).first()
    return (row[0], row[1]) if row is not None else None


def introspect(client_id: str, token: str) -> dict[str, Any] | None:
    """RFC 7662 §2.2 for the API's owner; the app that got the token learns only that it lives."""
    if not token.startswith(PREFIX):
        return None
    with provider().parts.database.read() as session:
        found = find(session, token)
    if found is None:
        return None
    row, grant = found
    if client_id not in (row.owner_id, row.client_id):
        return None
    bound = orjson.loads(row.confirmation) if row.confirmation else None
    body: dict[str, Any] = {
        "active": True,
        "token_type": "DPoP" if bound and "jkt" in bound else "Bearer",
        "iss": provider().parts.settings.issuer,
        "client_id": row.client_id,
        "scope": row.scope,
        "aud": row.resource.split(),
        "iat": to_ms(row.created_at) // 1000,
        "exp": to_ms(min(row.expires_at, grant.expires_at)) // 1000,
    }
    if bound is not None:
        body["cnf"] = bound
    if client_id == row.owner_id:
        body["sub"] = row.sub
        if row.act is not None:
            body["act"] = orjson.loads(row.act)
    if row.details is not None:
        body["authorization_details"] = orjson.loads(row.details)
    return body


def revoke(client_id: str, token: str) -> None:
    """RFC 7009: by the app that got it."""
    if not token.startswith(PREFIX):
        return
    with provider().parts.database.write() as session:
        session.execute(
            update(ReferenceToken)
            .where(
                ReferenceToken.token_digest == digest(token),
                ReferenceToken.client_id == client_id,
                ReferenceToken.revoked_at.is_(None),
            )
            .values(revoked_at=clock.now())
        )


@cleans_up
def forget_old_tokens(session: Session) -> None:
    """Housekeeping: an hour after they expired."""
    session.execute(delete(ReferenceToken).where(ReferenceToken.expires_at < clock.now() - timedelta(hours=1)))
