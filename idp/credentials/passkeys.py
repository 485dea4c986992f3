"""Residents' passkeys: whose they are, and what became of them. The rules of WebAuthn are in webauthn_core.py."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..audit import AuditEventType, record
from ..foundation.database import insert_if_absent
from ..foundation.driver import Change, Find, Question, read_bytes
from ..foundation.settings import Settings
from ..foundation.vault import Vault
from . import sealed_challenges, webauthn_core
from .model import CredentialState, Passkey, PasskeyUser
from .sealed_challenges import Tie
from .webauthn_core import Known, PasskeyError, Presented, User

MAX_PER_RESIDENT = 20


@dataclass(frozen=True)
class PasskeySignIn:
    """Who signed in, with the raw facts the level is computed from."""

    resident_id: str
    resident_state: str
    credential_id: str
    synced: bool
    attested: bool


def signing_in(browser_digest: str, attempt_id: str) -> Tie:
    """What a challenge to sign in is tied to."""
    return Tie("passkey_signin", browser_digest, attempt_id=attempt_id)


def _adding(browser_digest: str, resident_id: str) -> Tie:
    return Tie("passkey_add", browser_digest, holder_id=resident_id)


def signin_options(vault: Vault, settings: Settings, browser_digest: str, attempt_id: str) -> dict[str, Any]:
    """Options for navigator.credentials.get."""
    return webauthn_core.request_options(vault, settings, signing_in(browser_digest, attempt_id))


_KNOWN = Find(
    (
        "known.credential_id",
        "known.resident_id",
        "known.public_key",
        "known.device_type",
        "passkey_user.user_handle",
        "known.attested",
        "known.state",
        "resident.state",
    ),
    "FROM passkey AS known JOIN passkey_user ON passkey_user.resident_id = known.resident_id "
    "JOIN resident ON resident.resident_id = known.resident_id "
    f"WHERE known.webauthn_id = :raw_id AND known.state IN ('{CredentialState.ACTIVE.value}', '{CredentialState.HELD.value}')",
)


def asks_signin(said: Presented) -> list[Question]:
    """What is to be known of an assertion's passkey, its resident and its challenge, to be asked with whatever else a sign-in needs."""
    return [(_KNOWN, {"raw_id": said.raw_id or b""}), sealed_challenges.asks_used(said.challenge or b"")]


def check_signin(
    vault: Vault,
    settings: Settings,
    said: Presented,
    tie: Tie,
    answers: Sequence[Sequence[Any]],
    changes: list[Change],
) -> PasskeySignIn:
    """Check an assertion with the answers to `asks_signin`. Raises `PasskeyError`.

    What is to be written is added to `changes`: that the challenge is used up, in any case.
    """
    rows, used = answers
    if said.challenge is not None:
        uses, reason = sealed_challenges.uses_up(vault, said.challenge, tie, used)
        changes += uses
        if reason is not None:
            raise PasskeyError(reason)
    known, attested, state, resident_state = _known(rows[0]) if rows else (None, False, "", "")
    known, verified = webauthn_core.check_assertion(settings, said, known)
    if state == CredentialState.HELD.value:
        # Only now: whoever merely knows its id learns nothing about it.
        raise PasskeyError("held", known.owner_id)
    changes.append(webauthn_core.note_use(Passkey, known.credential_id, verified))
    synced = known.device_type == "multi_device"
    return PasskeySignIn(known.owner_id, resident_state, known.credential_id, synced, attested)


def _known(row: Sequence[Any]) -> tuple[Known | None, bool, str, str]:
    credential_id, owner_id, public_key, device_type, user_handle, attested, state, resident_state = row
    known = Known(credential_id, owner_id, read_bytes(public_key), device_type, read_bytes(user_handle))
    return known, bool(attested), state, resident_state


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
