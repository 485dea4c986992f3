"""Ending grants: the one place that takes tokens away.

What is under way (a code, an approved device or CIBA request) is no grant yet. It names the participation it was given in (`sid`), and
becomes a grant only while that stands. So every end here first ends participations and then grants: what was made before is found by
the second, and what would be made after finds the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, delete, select, update
from sqlalchemy.orm import Session

from ...audit import AuditEventType, Recorded, record
from ...foundation import clock
from ...foundation.after_commit import wake_worker_after_commit
from ...foundation.outbox import enqueue
from ...logins import levels
from ...logins.model import LoginSession
from ...residents import life_cycle
from .model import Consent, Grant, SessionClient

LOGOUT_TOPIC = "oidc.backchannel_logout"


def revoke_grants(session: Session, grant_ids: Sequence[str]) -> None:
    """End these grants and with them every token made from them."""
    session.execute(
        update(Grant).where(Grant.grant_id.in_(grant_ids), Grant.revoked_at.is_(None)).values(revoked_at=clock.now())
    )


def end_with_sessions(session: Session, session_ids: list[str]) -> None:
    """When logins end: their grants end (offline ones stay, OIDC Core §11) and every app that took part is told."""
    _end_participations(session, session_ids)
    session.execute(
        update(Grant)
        .where(Grant.session_id.in_(session_ids), Grant.offline.is_(False), Grant.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )


def end_with_credential(session: Session, happened: Recorded) -> None:
    """Listener of the record. What apps got through a credential that is now on hold ends with it, also what outlives a login.

    In the login that goes on, if it was opened by this credential too, apps sign on again.
    """
    if happened.event is not AuditEventType.CREDENTIAL_HELD:
        return
    held = happened.facts["credential"]
    logins = select(LoginSession.session_id, LoginSession.factors).where(
        LoginSession.resident_id == happened.resident_id, LoginSession.ended_at.is_(None)
    )
    _end_participations(session, _opened_by(session, logins, held))
    grants = select(Grant.grant_id, Grant.factors).where(
        Grant.resident_id == happened.resident_id, Grant.revoked_at.is_(None), Grant.expires_at > clock.now()
    )
    revoke_grants(session, _opened_by(session, grants, held))


def _opened_by(session: Session, wanted: Select[str, str], credential_id: Any) -> list[str]:
    """Those ids of `(id, factors)` among whose factors this credential is."""
    return [
        found
        for found, factors in session.execute(wanted)
        if any(factor.credential_id == credential_id for factor in levels.load_factors(factors))
    ]


def end_with_account(session: Session, resident_id: str, act: life_cycle.AccountAction, _by: str) -> None:
    """When an account is suspended or closed, offline grants end as well; closed, its consents too.

    Reinstated, once more: a grant that came about in the moment of the suspension must not wake up.
    """
    now = clock.now()
    session.execute(
        update(Grant).where(Grant.resident_id == resident_id, Grant.revoked_at.is_(None)).values(revoked_at=now)
    )
    if act is life_cycle.AccountAction.CLOSE:
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
    own = select(LoginSession.session_id).where(
        LoginSession.resident_id == resident_id, LoginSession.ended_at.is_(None)
    )
    _end_participations(session, list(session.scalars(own)), client_id)
    session.execute(
        update(Grant)
        .where(Grant.resident_id == resident_id, Grant.client_id == client_id, Grant.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    record(session, AuditEventType.APP_ACCESS_ENDED, resident_id=resident_id, client_id=client_id, by=by)


def _end_participations(session: Session, session_ids: Sequence[str], client_id: str | None = None) -> None:
    """End the part that apps (or this one) have in these logins, and queue a back-channel logout for each."""
    one_app = [SessionClient.client_id == client_id] if client_id is not None else []
    # An app that joins such a login in this moment has done so before we look, or does after we are through.
    session.execute(select(LoginSession.session_id).where(LoginSession.session_id.in_(session_ids)).with_for_update())
    rows = session.execute(
        select(SessionClient.client_id, SessionClient.sid, SessionClient.session_id).where(
            SessionClient.session_id.in_(session_ids), *one_app
        )
    ).all()
    for row in rows:
        payload = {"client_id": row.client_id, "sid": row.sid, "session_id": row.session_id}
        enqueue(session, LOGOUT_TOPIC, payload, lane=row.client_id)
    if rows:
        wake_worker_after_commit(session)
        session.execute(delete(SessionClient).where(SessionClient.sid.in_([row.sid for row in rows])))
