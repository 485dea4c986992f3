"""Ending grants: the one place that takes tokens away."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ..audit import EventType, Recorded, record
from ..foundation import clock
from ..foundation.outbox import enqueue
from ..foundation.wake import wake_after_commit
from ..residents.life_cycle import Act
from ..signin.levels import load_factors
from .model import Client, Consent, Grant, SessionClient

LOGOUT_TOPIC = "oidc.backchannel_logout"


def revoke_grants(session: Session, grant_ids: Sequence[str]) -> None:
    """End these grants and with them every token made from them."""
    session.execute(
        update(Grant).where(Grant.grant_id.in_(grant_ids), Grant.revoked_at.is_(None)).values(revoked_at=clock.now())
    )


def end_with_sessions(session: Session, session_ids: list[str]) -> None:
    """When logins end: their grants end (offline ones stay, OIDC Core §11) and every app that took part is told."""
    session.execute(
        update(Grant)
        .where(Grant.session_id.in_(session_ids), Grant.offline.is_(False), Grant.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )
    _tell_apps(session, SessionClient.session_id.in_(session_ids))


def end_with_credential(session: Session, happened: Recorded) -> None:
    """Listener of the record. What apps got through a credential that is now on hold ends with it, also what outlives a login."""
    if happened.event is not EventType.CREDENTIAL_HELD:
        return
    held = happened.facts["credential"]
    live = select(Grant.grant_id, Grant.factors).where(
        Grant.resident_id == happened.resident_id, Grant.revoked_at.is_(None), Grant.expires_at > clock.now()
    )
    revoke_grants(
        session,
        [
            row.grant_id
            for row in session.execute(live)
            if any(factor.credential_id == held for factor in load_factors(row.factors))
        ],
    )


def end_with_account(session: Session, resident_id: str, act: Act, _by: str) -> None:
    """When an account is suspended or closed, offline grants end as well; closed, its consents too.

    Reinstated, once more: a grant that came about in the moment of the suspension must not wake up.
    """
    now = clock.now()
    session.execute(
        update(Grant).where(Grant.resident_id == resident_id, Grant.revoked_at.is_(None)).values(revoked_at=now)
    )
    if act is Act.CLOSE:
        session.execute(
            update(Consent).where(Consent.resident_id == resident_id, Consent.ended_at.is_(None)).values(ended_at=now)
        )


def end_app_access(session: Session, resident_id: str, client_id: str, by: str = "resident") -> None:
    """Take an app's access away: consent, grants, and its own session, by back-channel logout."""
    now = clock.now()
    session.execute(
        update(Consent)
        .where(Consent.resident_id == resident_id, Consent.client_id == client_id, Consent.ended_at.is_(None))
        .values(ended_at=now)
    )
    session.execute(
        update(Grant)
        .where(Grant.resident_id == resident_id, Grant.client_id == client_id, Grant.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    from ..signin.model import LoginSession

    own = select(LoginSession.session_id).where(LoginSession.resident_id == resident_id)
    _tell_apps(session, SessionClient.session_id.in_(own), SessionClient.client_id == client_id)
    record(session, EventType.APP_ACCESS_ENDED, resident_id=resident_id, client_id=client_id, by=by)


def _tell_apps(session: Session, *conditions: object) -> None:
    """Queue a back-channel logout for each participation that matches, and end the participation."""
    rows = session.execute(
        select(SessionClient.client_id, SessionClient.sid, SessionClient.session_id)
        .join(Client, Client.client_id == SessionClient.client_id)
        .where(*conditions)  # type: ignore[arg-type]
    ).all()
    for row in rows:
        payload = {"client_id": row.client_id, "sid": row.sid, "session_id": row.session_id}
        enqueue(session, LOGOUT_TOPIC, payload, lane=row.client_id)
    if rows:
        wake_after_commit(session)
    for row in rows:
        session.execute(
            SessionClient.__table__.delete().where(SessionClient.sid == row.sid)  # type: ignore[attr-defined]
        )
