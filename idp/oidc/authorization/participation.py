"""An app joins a login: it gets its subject identifier and its own `sid`; with consent given, the consent stands."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from ...audit import AuditEventType, record
from ...foundation import clock
from ...foundation.database import insert_if_absent
from ...foundation.ids import new_subject
from ...residents import subjects
from ..grants.model import Consent, SessionClient
from ..storage import LoginFacts
from .authorize_request import AuthorizationRequest


def join(session: Session, asked: AuthorizationRequest, login: LoginFacts) -> None:
    """Make the subject and the participation if they are missing."""
    subjects.subject_of(session, login.resident_id, asked.client.sector)
    values = {
        "session_id": login.session_id,
        "client_id": asked.client.client_id,
        "sid": new_subject(),
        "first_at": clock.now(),
    }
    insert_if_absent(session, SessionClient, ["session_id", "client_id"], values)


def grant_consent(session: Session, asked: AuthorizationRequest, resident_id: str) -> None:
    """Remember what the resident allowed, beside what they had allowed before."""
    now = clock.now()
    key = {"resident_id": resident_id, "client_id": asked.client.client_id}
    insert_if_absent(session, Consent, list(key), {**key, "scope": "", "granted_at": now})
    row = session.scalars(select(Consent).filter_by(**key).with_for_update()).one()
    items = set(asked.consent_items.split())
    if row.ended_at is None:
        items |= set(row.scope.split())
    row.scope, row.granted_at, row.ended_at = " ".join(sorted(items)), now, None
    record(
        session,
        AuditEventType.CONSENT_GIVEN,
        resident_id=resident_id,
        client_id=asked.client.client_id,
        scope=" ".join(sorted(asked.scope.split())),
    )
