"""Grant Management for OAuth 2.0 (OpenID FAPI WG): an app names the grant it wants made, added to (`merge`, formerly `update`) or
replaced, and gets its `grant_id` with the tokens. The older tokens of a changed grant end.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ...audit import AuditEventType, record
from ...foundation import clock
from ..claims import parse_claims_parameter
from ..clients import RegisteredClient
from ..errors import InvalidGrantError, InvalidRequestError, OAuth2Error
from ..server import Provider
from ..storage import GrantFacts
from .model import Grant, ManagedGrant
from .revoke import revoke_grants

CREATE, MERGE, UPDATE, REPLACE = "create", "merge", "update", "replace"
GRANT_ACTIONS = (CREATE, MERGE, UPDATE, REPLACE)


class InvalidGrantIdError(OAuth2Error):
    """The grant is unknown, over, another client's or another resident's: all alike."""

    error = "invalid_grant_id"


def check_management(op: Provider, client: RegisteredClient, parameters: dict[str, str]) -> None:
    """The parameters of an authorization request. Raises an `OAuth2Error`."""
    action, managed_id = parameters.get("grant_management_action"), parameters.get("grant_id")
    if action not in GRANT_ACTIONS:
        raise InvalidRequestError("grant_management_action must be create, merge, update or replace.")
    if (managed_id is None) != (action == CREATE):
        raise InvalidRequestError("'grant_id' goes with merge, update and replace, and only with them.")
    if managed_id is not None:
        with op.parts.database.read() as session:
            if live_grant(session, client.client_id, managed_id) is None:
                raise InvalidGrantIdError("The grant is not known.")


def is_of_resident(op: Provider, managed_id: str, resident_id: str) -> bool:
    """Whether this managed grant is this resident's."""
    with op.parts.database.read() as session:
        row = session.get(ManagedGrant, managed_id)
    return row is not None and row.resident_id == resident_id


def live_grant(session: Session, client_id: str, managed_id: str) -> ManagedGrant | None:
    """The client's own managed grant, while the family of tokens behind it lives."""
    return session.scalars(
        select(ManagedGrant)
        .join(Grant, Grant.grant_id == ManagedGrant.family_id)
        .where(
            ManagedGrant.managed_id == managed_id,
            ManagedGrant.client_id == client_id,
            Grant.revoked_at.is_(None),
            Grant.expires_at > clock.now(),
        )
    ).first()


def settle(op: Provider, grant: GrantFacts) -> GrantFacts:
    """After a code was redeemed: make or change the managed grant; what was merged holds for the new tokens too."""
    wanted = orjson.loads(grant.rich or "{}").get("grant_management")
    if wanted is None:
        return grant
    with op.parts.database.write() as session:
        if wanted["action"] == CREATE:
            _store(session, wanted["id"], grant)
            return grant
        row = live_grant(session, grant.client_id, wanted["id"])
        if row is not None and row.resident_id == grant.resident_id:
            return _change(op, session, row, grant, merge=wanted["action"] != REPLACE)
        revoke_grants(session, [grant.grant_id])
    raise InvalidGrantError("The grant to change has ended meanwhile.")


def end_managed_grant(session: Session, row: ManagedGrant) -> None:
    """Revoke: the grant is gone, and every token of it."""
    revoke_grants(session, [row.family_id])
    record(session, AuditEventType.APP_ACCESS_ENDED, resident_id=row.resident_id, client_id=row.client_id, by="app")
    session.delete(row)


def _change(op: Provider, session: Session, row: ManagedGrant, grant: GrantFacts, merge: bool) -> GrantFacts:
    if merge:
        before = session.get_one(Grant, row.family_id)
        grant = replace(
            grant,
            scope=_words(before.scope, grant.scope),
            resource=_resources(op.parts.settings.issuer, before.resource, grant.resource),
            claims=_claims(before.claims, grant.claims),
            rich=_rich(before.rich, grant.rich),
        )
        session.execute(
            update(Grant)
            .where(Grant.grant_id == grant.grant_id)
            .values(
                scope=grant.scope,
                resource=grant.resource,
                claims=grant.claims,
                rich=grant.rich,
                offline="offline_access" in grant.scope.split(),
            )
        )
    revoke_grants(session, [row.family_id])
    created_at, managed_id = row.created_at, row.managed_id
    session.delete(row)
    session.flush()
    _store(session, managed_id, grant, created_at)
    return grant


def _store(session: Session, managed_id: str, grant: GrantFacts, created_at: Any = None) -> None:
    now = clock.now()
    details = orjson.loads(grant.rich or "{}").get("authorization_details")
    asked = parse_claims_parameter(grant.claims)
    session.add(
        ManagedGrant(
            managed_id=managed_id,
            client_id=grant.client_id,
            resident_id=grant.resident_id,
            scope=grant.scope,
            claims=orjson.dumps(sorted({*asked.userinfo, *asked.id_token})).decode(),
            resource=grant.resource,
            details=orjson.dumps(details).decode() if details else None,
            family_id=grant.grant_id,
            created_at=created_at or now,
            changed_at=now,
        )
    )


def _words(before: str, now: str) -> str:
    return " ".join(dict.fromkeys([*before.split(), *now.split()]))


def _resources(issuer: str, before: str | None, now: str | None) -> str | None:
    """Who named no resource meant us."""
    return None if before is None and now is None else _words(before or issuer, now or issuer)


def _claims(before: str | None, now: str | None) -> str | None:
    """Two `claims` parameters as one."""
    if before is None or now is None:
        return now or before
    old, new = orjson.loads(before), orjson.loads(now)
    merged = {place: {**(old.get(place) or {}), **(new.get(place) or {})} for place in {*old, *new}}
    return orjson.dumps(merged).decode()


def _rich(before: str | None, now: str | None) -> str | None:
    old, new = orjson.loads(before or "{}"), orjson.loads(now or "{}")
    entries = [*old.get("authorization_details", []), *new.get("authorization_details", [])]
    if entries:
        new["authorization_details"] = [e for n, e in enumerate(entries) if e not in entries[:n]]
    return orjson.dumps(new).decode() if new else None
