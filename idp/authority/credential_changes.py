"""A signed-in resident changes what they sign in with: on hold ("this was not me"), back, or away for good."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..audit import AuditEventType, record
from ..credentials import CredentialInfo, change, find_credential
from ..logins import Login, devices, end_other_devices, end_sessions, levels
from ..logins.model import LoginSession
from ..residents.model import Resident
from .permits import Permit, may_hold, may_release, may_remove

Rule = Callable[[Session, Login, CredentialInfo], Permit]


def hold_credential(session: Session, login: Login, credential_id: str) -> Permit | None:
    """Nobody signs in with it any more, every other login ends, and so does what apps got through it (`oidc/grants/revoke.py`).

    None: there is nothing of this id to hold; again and again is harmless. Anything but `Permit.NOW`: nothing was done.
    """
    permit = _permit(session, login, credential_id, may_hold)
    if permit is Permit.NOW and change.hold(session, login.resident_id, credential_id):
        say_not_me(session, login, "credential")
    return permit


def release_credential(session: Session, login: Login, credential_id: str) -> Permit | None:
    """A held one signs in again."""
    permit = _permit(session, login, credential_id, may_release)
    if permit is Permit.NOW:
        change.release(session, login.resident_id, credential_id)
    return permit


def remove_passkey(session: Session, login: Login, credential_id: str) -> Permit | None:
    """Remove a passkey; other logins that it opened end."""
    permit = _permit(session, login, credential_id, may_remove)
    if permit is Permit.NOW and change.remove_passkey(session, login.resident_id, credential_id):
        end_sessions(session, _opened_by(session, login, credential_id), by="resident")
    return permit


def say_not_me(session: Session, login: Login, about: str, client_id: str | None = None) -> None:
    """The resident says of what happened that it was not them: every login but this one ends."""
    record(session, AuditEventType.NOT_ME, resident_id=login.resident_id, client_id=client_id, about=about)
    end_other_devices(session, login.resident_id, login.session_id)


def _permit(session: Session, login: Login, credential_id: str, rule: Rule) -> Permit | None:
    # One change at a time: two passkeys removed at once must not both find the other one still there.
    session.execute(select(Resident.resident_id).where(Resident.resident_id == login.resident_id).with_for_update())
    target = find_credential(session, login.resident_id, credential_id)
    return rule(session, login, target) if target is not None else None


def _opened_by(session: Session, login: Login, credential_id: str) -> list[str]:
    others = [d.session_id for d in devices(session, login.resident_id) if d.session_id != login.session_id]
    rows = session.scalars(select(LoginSession).where(LoginSession.session_id.in_(others)))
    return [
        row.session_id
        for row in rows
        if any(f.credential_id == credential_id for f in levels.load_factors(row.factors))
    ]
