"""A refresh token shown again: a lost answer, a theft, or a database older than the token (docs/decisions/0025-lost-answers.md).

Its holder does not use a token and then go back to the one before. So the token before the live one may be shown again as long as the
live one was never used: it gets another successor, and the live one is dead. Whoever shows a dead one, or one whose successor was used,
shares the family with somebody: it ends, and the resident is told.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import NoReturn

from sqlalchemy import update

from ....audit import AuditEventType, record
from ....foundation import clock
from ....foundation.vault import digest
from ...client_auth import sender_key
from ...clients import RegisteredClient
from ...errors import InvalidGrantError
from ...grants import revoke_grants
from ...grants.model import Grant
from ...server import provider
from ...storage import GrantFacts
from ...tokens import RefreshToken
from .refresh_kept import facts_of, live_family

log = logging.getLogger("machi.oidc")


def show_again(client: RegisteredClient, token: RefreshToken) -> tuple[GrantFacts, str]:
    """The grant and a refresh token for one that is not live. Raises `InvalidGrantError`."""
    now = clock.now()
    grant = _family_of(client, token)
    if grant is None:
        raise InvalidGrantError("Invalid 'refresh_token' in request.")
    if token.count > grant.refresh_count:
        # Only a database put back from a backup knows less than a token. Which of two holders is the right one it cannot tell.
        log.warning("a refresh token is newer than the database: its family ends, and nobody is accused")
        _end(grant, theft=False)
    if token.digest != grant.refresh_before:
        _end(grant, theft=True)
    if (same := _same_successor(grant, token, now)) is not None:
        return facts_of(grant), same
    if not _may_retry(client, grant, now):
        _end(grant, theft=False)
    return _other_successor(client, grant, token, now)


def _family_of(client: RegisteredClient, token: RefreshToken) -> Grant | None:
    """The family, if this client may still use it, with the key it hangs on. Who lacks that can use nothing and end nothing."""
    wanted = live_family(client.client_id, token).where(Grant.refresh_digest != token.digest)
    with provider().parts.database.read() as session:
        grant = session.scalars(wanted).first()
    return grant if grant is not None and grant.key_binding in (None, sender_key().binding) else None


def _same_successor(grant: Grant, token: RefreshToken, now: datetime) -> str | None:
    """Within the grace: requests at the same time, and quick retries, get one and the same."""
    op = provider()
    grace = timedelta(seconds=op.parts.settings.refresh_grace_seconds)
    if grant.refresh_used_at is None or grant.refresh_used_at <= now - grace:
        return None
    made = token.successors(op.parts.vault, grant.refresh_count)
    return next((successor for successor in made if digest(successor) == grant.refresh_digest), None)


def _may_retry(client: RegisteredClient, grant: Grant, now: datetime) -> bool:
    """Who has proved a secret or a key may as long as the successor lives; a token that anybody could show, for a while."""
    if client.auth_method != "none" or grant.key_binding is not None:
        return True
    while_ = timedelta(seconds=provider().parts.settings.refresh_retry_seconds)
    return grant.refresh_used_at is not None and grant.refresh_used_at > now - while_


def _other_successor(
    client: RegisteredClient, grant: Grant, token: RefreshToken, now: datetime
) -> tuple[GrantFacts, str]:
    """Put another in the place of the live token, unless that was used or replaced in this moment."""
    op, count = provider(), grant.refresh_count + 1
    successor = token.successor(op.parts.vault, count)
    idle = timedelta(seconds=op.parts.settings.refresh_idle_seconds)
    with op.parts.database.write() as session:
        put = session.execute(
            update(Grant)
            .where(
                Grant.grant_id == grant.grant_id,
                Grant.refresh_digest == grant.refresh_digest,
                Grant.revoked_at.is_(None),
            )
            .values(
                refresh_digest=digest(successor),
                refresh_count=count,
                refresh_used_at=now,
                refresh_expires_at=min(now + idle, grant.expires_at),
            )
        )
    if put.rowcount == 1:  # type: ignore[attr-defined]
        return facts_of(grant), successor
    return show_again(client, token)


def _end(grant: Grant, theft: bool) -> NoReturn:
    """End the family. Raises `InvalidGrantError`."""
    with provider().parts.database.write() as session:
        revoke_grants(session, [grant.grant_id])
        if theft:
            record(
                session, AuditEventType.REFRESH_TOKEN_REUSED, resident_id=grant.resident_id, client_id=grant.client_id
            )
    raise InvalidGrantError("Invalid 'refresh_token' in request.")
