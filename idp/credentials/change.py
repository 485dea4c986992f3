"""Taking a credential out of use: on hold (it may come back) or for good. Its row stays, as evidence."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.orm import Session

from ..audit import AuditEventType, record
from .model import Card, CredentialState, Passkey

_TABLES: dict[str, type[Passkey] | type[Card]] = {"passkey": Passkey, "card": Card}


def hold(session: Session, resident_id: str, credential_id: str) -> bool:
    """Nobody signs in with it any more, and a held card cannot be registered anew. False: not theirs, or not in use."""
    kind = _move(session, resident_id, credential_id, [CredentialState.ACTIVE], CredentialState.HELD)
    if kind is None:
        return False
    record(session, AuditEventType.CREDENTIAL_HELD, resident_id=resident_id, credential=credential_id, kind=kind)
    return True


def release(session: Session, resident_id: str, credential_id: str) -> bool:
    """A held one signs in again."""
    kind = _move(session, resident_id, credential_id, [CredentialState.HELD], CredentialState.ACTIVE)
    if kind is None:
        return False
    record(session, AuditEventType.CREDENTIAL_RELEASED, resident_id=resident_id, credential=credential_id, kind=kind)
    return True


def remove_passkey(session: Session, resident_id: str, credential_id: str) -> bool:
    """For good. A card is not removed: the next one on the same medium replaces it."""
    live = [CredentialState.ACTIVE, CredentialState.HELD]
    if _move(session, resident_id, credential_id, live, CredentialState.REVOKED, "passkey") is None:
        return False
    record(session, AuditEventType.PASSKEY_REMOVED, resident_id=resident_id, credential=credential_id)
    return True


def _move(
    session: Session,
    resident_id: str,
    credential_id: str,
    before: list[CredentialState],
    after: CredentialState,
    only: str | None = None,
) -> str | None:
    """Change the state in one statement, so that of two requests at once one does it; returns the kind."""
    for kind, table in _TABLES.items():
        if only not in (None, kind):
            continue
        moved = session.execute(
            update(table)
            .where(
                table.credential_id == credential_id,
                table.resident_id == resident_id,
                table.state.in_([state.value for state in before]),
            )
            .values(state=after.value)
            .returning(table.credential_id)
        ).first()
        if moved is not None:
            return kind
    return None
