"""Passkeys of staff, on tables of their own. The rules are those of residents' (credentials/webauthn_core.py)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..audit import AuditEventType, record
from ..credentials import Tie, webauthn_core
from ..foundation.driver import write_all
from ..foundation.settings import Settings
from ..foundation.vault import Vault
from .model import Staff, StaffPasskey


def _signing_in(browser_digest: str) -> Tie:
    return Tie("staff_signin", browser_digest)


def _adding(browser_digest: str, member: Staff) -> Tie:
    return Tie("staff_add", browser_digest, holder_id=member.staff_id)


def signin_options(vault: Vault, settings: Settings, browser_digest: str) -> dict[str, Any]:
    """For navigator.credentials.get."""
    return webauthn_core.request_options(vault, settings, _signing_in(browser_digest))


def verify_signin(
    session: Session, vault: Vault, settings: Settings, credential: dict[str, Any], browser_digest: str
) -> Staff:
    """Check an assertion. Raises `PasskeyError`; the challenge is used up in any case."""

    def find(webauthn_id: bytes) -> webauthn_core.Known | None:
        found = session.execute(
            select(
                StaffPasskey.credential_id,
                StaffPasskey.staff_id,
                StaffPasskey.public_key,
                StaffPasskey.device_type,
                Staff.user_handle,
            )
            .join(Staff, Staff.staff_id == StaffPasskey.staff_id)
            .where(StaffPasskey.webauthn_id == webauthn_id, Staff.ended_at.is_(None))
        ).first()
        return webauthn_core.Known(*found) if found is not None else None

    tie = _signing_in(browser_digest)
    known, verified = webauthn_core.verify_assertion(session, vault, settings, credential, tie, find)
    write_all(session, [webauthn_core.note_use(StaffPasskey, known.credential_id, verified)])
    return session.get_one(Staff, known.owner_id)


def add_options(
    session: Session, vault: Vault, settings: Settings, member: Staff, browser_digest: str
) -> dict[str, Any]:
    """For navigator.credentials.create."""
    known = session.scalars(select(StaffPasskey.webauthn_id).where(StaffPasskey.staff_id == member.staff_id)).all()
    user = webauthn_core.User(member.user_handle, f"{member.name} (staff)")
    return webauthn_core.creation_options(vault, settings, _adding(browser_digest, member), user, known)


def verify_add(
    session: Session, vault: Vault, settings: Settings, member: Staff, credential: dict[str, Any], browser_digest: str
) -> None:
    """Check an attestation and keep the passkey. Raises `PasskeyError`."""
    tie = _adding(browser_digest, member)
    columns = webauthn_core.verify_attestation(session, vault, settings, credential, tie, StaffPasskey)
    session.add(StaffPasskey(staff_id=member.staff_id, **columns))
    record(session, AuditEventType.STAFF_PASSKEY_ADDED, staff=member.staff_id)
