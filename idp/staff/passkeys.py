"""Passkeys of staff, on tables of their own. The rules are those of residents' (credentials/webauthn_core.py)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..audit import EventType, record
from ..credentials import webauthn_core
from ..credentials.webauthn_core import Tie, User
from ..foundation.settings import Settings
from .model import Staff, StaffPasskey


def _signing_in(browser_digest: str) -> Tie:
    return Tie("staff_signin", browser_digest)


def _adding(browser_digest: str, member: Staff) -> Tie:
    return Tie("staff_add", browser_digest, holder_id=member.staff_id)


def signin_options(session: Session, settings: Settings, browser_digest: str) -> dict[str, Any]:
    """For navigator.credentials.get."""
    return webauthn_core.request_options(session, settings, _signing_in(browser_digest))


def verify_signin(session: Session, settings: Settings, credential: dict[str, Any], browser_digest: str) -> Staff:
    """Check an assertion. Raises `PasskeyError`; the challenge is used up in any case."""

    def find(webauthn_id: bytes) -> tuple[StaffPasskey, bytes] | None:
        found = session.execute(
            select(StaffPasskey, Staff.user_handle)
            .join(Staff, Staff.staff_id == StaffPasskey.staff_id)
            .where(StaffPasskey.webauthn_id == webauthn_id, Staff.ended_at.is_(None))
        ).first()
        return (found[0], found[1]) if found is not None else None

    tie = _signing_in(browser_digest)
    passkey, verified = webauthn_core.verify_assertion(session, settings, credential, tie, find)
    webauthn_core.note_use(passkey, verified)
    return session.get_one(Staff, passkey.staff_id)


def add_options(session: Session, settings: Settings, member: Staff, browser_digest: str) -> dict[str, Any]:
    """For navigator.credentials.create."""
    known = session.scalars(select(StaffPasskey.webauthn_id).where(StaffPasskey.staff_id == member.staff_id)).all()
    user = User(member.user_handle, f"{member.name} (staff)")
    return webauthn_core.creation_options(session, settings, _adding(browser_digest, member), user, known)


def verify_add(
    session: Session, settings: Settings, member: Staff, credential: dict[str, Any], browser_digest: str
) -> None:
    """Check an attestation and keep the passkey. Raises `PasskeyError`."""
    tie = _adding(browser_digest, member)
    columns = webauthn_core.verify_attestation(session, settings, credential, tie, StaffPasskey)
    session.add(StaffPasskey(staff_id=member.staff_id, **columns))
    record(session, EventType.STAFF_PASSKEY_ADDED, staff=member.staff_id)
