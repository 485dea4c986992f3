"""Residents' passkeys: whose they are, and what became of them. The rules of WebAuthn are in webauthn_core.py."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from ..audit import AuditEventType, record
from ..foundation.database import insert_if_absent
from ..foundation.settings import Settings
from ..foundation.vault import Vault
from . import webauthn_core
from .model import CredentialState, Passkey, PasskeyUser
from .sealed_challenges import Tie
from .webauthn_core import Known, PasskeyError, User

MAX_PER_RESIDENT = 20


@dataclass(frozen=True)
class PasskeySignIn:
    """Who signed in, with the raw facts the level is computed from."""

    resident_id: str
    credential_id: str
    synced: bool
    attested: bool


def _signing_in(browser_digest: str, attempt_id: str) -> Tie:
    return Tie("passkey_signin", browser_digest, attempt_id=attempt_id)


def _adding(browser_digest: str, resident_id: str) -> Tie:
    return Tie("passkey_add", browser_digest, holder_id=resident_id)


def signin_options(vault: Vault, settings: Settings, browser_digest: str, attempt_id: str) -> dict[str, Any]:
    """Options for navigator.credentials.get."""
    return webauthn_core.request_options(vault, settings, _signing_in(browser_digest, attempt_id))


_KNOWN = (
    select(
        Passkey.credential_id,
        Passkey.resident_id,
        Passkey.public_key,
        Passkey.device_type,
        Passkey.attested,
        Passkey.state,
        PasskeyUser.user_handle,
    )
    .join(PasskeyUser, PasskeyUser.resident_id == Passkey.resident_id)
    .where(
        Passkey.webauthn_id == bindparam("raw_id"),
        Passkey.state.in_((CredentialState.ACTIVE.value, CredentialState.HELD.value)),
    )
)


def verify_signin(
    session: Session,
    vault: Vault,
    settings: Settings,
    credential: dict[str, Any],
    browser_digest: str,
    attempt_id: str,
) -> PasskeySignIn:
    """Check an assertion. Raises `PasskeyError`; the challenge is used up in any case."""
    rows: list[Any] = []

    def find(webauthn_id: bytes) -> Known | None:
        rows[:] = session.connection().execute(_KNOWN, {"raw_id": webauthn_id}).all()
        if not rows:
            return None
        row = rows[0]
        return Known(row.credential_id, row.resident_id, row.public_key, row.device_type, row.user_handle)

    tie = _signing_in(browser_digest, attempt_id)
    known, verified = webauthn_core.verify_assertion(session, vault, settings, credential, tie, find)
    if rows[0].state == CredentialState.HELD.value:
        # Only now: whoever merely knows its id learns nothing about it.
        raise PasskeyError("held", known.owner_id)
    webauthn_core.note_use(session, Passkey, known.credential_id, verified)
    return PasskeySignIn(known.owner_id, known.credential_id, known.device_type == "multi_device", rows[0].attested)


def add_options(
    session: Session, vault: Vault, settings: Settings, resident_id: str, user_name: str, browser_digest: str
) -> dict[str, Any]:
    """Options for navigator.credentials.create; passkeys the resident has are excluded."""
    handle = _user_handle(session, resident_id)
    known = session.scalars(
        select(Passkey.webauthn_id).where(
            Passkey.resident_id == resident_id, Passkey.state == CredentialState.ACTIVE.value
        )
    ).all()
    if len(known) >= MAX_PER_RESIDENT:
        raise PasskeyError("too_many")
    tie = _adding(browser_digest, resident_id)
    return webauthn_core.creation_options(vault, settings, tie, User(handle, user_name), known)


def verify_add(
    session: Session,
    vault: Vault,
    settings: Settings,
    resident_id: str,
    credential: dict[str, Any],
    label: str,
    browser_digest: str,
) -> str:
    """Check an attestation and store the passkey; returns its id. Raises `PasskeyError`."""
    tie = _adding(browser_digest, resident_id)
    columns = webauthn_core.verify_attestation(session, vault, settings, credential, tie, Passkey)
    passkey = Passkey(resident_id=resident_id, label=label.strip()[:60], **columns)
    session.add(passkey)
    record(
        session,
        AuditEventType.PASSKEY_ADDED,
        resident_id=resident_id,
        credential=passkey.credential_id,
        device_type=passkey.device_type,
    )
    return passkey.credential_id


def _user_handle(session: Session, resident_id: str) -> bytes:
    """The resident's, made at the first passkey; two tabs that ask at once get the same."""
    found = select(PasskeyUser.user_handle).where(PasskeyUser.resident_id == resident_id)
    handle = session.scalar(found)
    if handle is None:
        made = {"resident_id": resident_id, "user_handle": secrets.token_bytes(32)}
        insert_if_absent(session, PasskeyUser, ["resident_id"], made)
        handle = session.scalars(found).one()
    return handle
