"""Passkeys of staff (WebAuthn Level 3): the same rules as residents', on tables of their own."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, options_to_json_dict, parse_client_data_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from ..audit import EventType, record
from ..credentials import challenges
from ..credentials.passkeys import ALGORITHMS, PasskeyError
from ..foundation import clock
from ..foundation.ids import new_id
from ..foundation.settings import Settings
from .model import Staff, StaffPasskey

SIGN_IN, ADD = "staff_signin", "staff_add"
# RecursionError: JSON nested without end.
_REFUSED = (WebAuthnException, ValueError, KeyError, TypeError, AttributeError, RecursionError)


def signin_options(session: Session, settings: Settings, browser_digest: str) -> dict[str, Any]:
    """For navigator.credentials.get; discoverable, so no list of anybody's credentials goes out."""
    issued = challenges.issue(session, SIGN_IN, browser_digest)
    options = generate_authentication_options(
        rp_id=settings.rp_id, challenge=issued.nonce, user_verification=UserVerificationRequirement.REQUIRED
    )
    return options_to_json_dict(options)


def verify_signin(session: Session, settings: Settings, credential: dict[str, Any], browser_digest: str) -> Staff:
    """Check an assertion (WebAuthn §7.2). Raises `PasskeyError`; the challenge is used up in any case."""
    nonce = _consume(session, credential, SIGN_IN, browser_digest)
    try:
        raw_id = base64url_to_bytes(str(credential["id"]))
        user_handle = base64url_to_bytes(str(credential["response"]["userHandle"]))
    except _REFUSED:
        raise PasskeyError("malformed") from None
    found = session.execute(
        select(StaffPasskey, Staff)
        .join(Staff, Staff.staff_id == StaffPasskey.staff_id)
        .where(StaffPasskey.webauthn_id == raw_id, Staff.ended_at.is_(None))
    ).first()
    if found is None:
        raise PasskeyError("unknown_credential")
    passkey, member = found
    if not secrets.compare_digest(member.user_handle, user_handle):
        raise PasskeyError("user_handle")
    try:
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=nonce,
            expected_rp_id=settings.rp_id,
            expected_origin=settings.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,  # advisory: synced passkeys keep it at 0
            require_user_verification=True,
        )
    except _REFUSED as error:
        raise PasskeyError(type(error).__name__) from None
    if verified.credential_device_type.value != passkey.device_type:
        raise PasskeyError("backup_eligibility_changed")
    passkey.last_used_at = clock.now()
    staff: Staff = member
    return staff


def add_options(session: Session, settings: Settings, member: Staff, browser_digest: str) -> dict[str, Any]:
    """For navigator.credentials.create."""
    known = session.scalars(select(StaffPasskey.webauthn_id).where(StaffPasskey.staff_id == member.staff_id)).all()
    issued = challenges.issue(session, ADD, browser_digest)
    options = generate_registration_options(
        rp_id=settings.rp_id,
        rp_name=settings.city_name,
        user_id=member.user_handle,
        user_name=f"{member.name} (staff)",
        user_display_name=f"{member.name} (staff)",
        challenge=issued.nonce,
        attestation=AttestationConveyancePreference.NONE,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=raw) for raw in known],
        supported_pub_key_algs=ALGORITHMS,
    )
    return options_to_json_dict(options)


def verify_add(
    session: Session, settings: Settings, member: Staff, credential: dict[str, Any], browser_digest: str
) -> None:
    """Check an attestation (WebAuthn §7.1) and keep the passkey. Raises `PasskeyError`."""
    nonce = _consume(session, credential, ADD, browser_digest)
    try:
        verified = verify_registration_response(
            credential=credential,
            expected_challenge=nonce,
            expected_rp_id=settings.rp_id,
            expected_origin=settings.origin,
            require_user_verification=True,
            supported_pub_key_algs=ALGORITHMS,
        )
    except _REFUSED as error:
        raise PasskeyError(type(error).__name__) from None
    if session.scalar(select(StaffPasskey.credential_id).where(StaffPasskey.webauthn_id == verified.credential_id)):
        raise PasskeyError("already_registered")
    session.add(
        StaffPasskey(
            credential_id=new_id(),
            staff_id=member.staff_id,
            webauthn_id=verified.credential_id,
            public_key=verified.credential_public_key,
            device_type=verified.credential_device_type.value,
            created_at=clock.now(),
        )
    )
    record(session, EventType.STAFF_PASSKEY_ADDED, staff=member.staff_id)


def _consume(session: Session, credential: dict[str, Any], purpose: str, browser_digest: str) -> bytes:
    """The nonce of our own record; a challenge of another purpose or browser is refused, and used up."""
    try:
        client_data = parse_client_data_json(base64url_to_bytes(credential["response"]["clientDataJSON"]))
    except _REFUSED:
        raise PasskeyError("malformed") from None
    challenge = challenges.consume(session, nonce=client_data.challenge)
    if challenge is None or challenge.purpose != purpose:
        raise PasskeyError("challenge")
    if not secrets.compare_digest(challenge.browser_digest, browser_digest):
        raise PasskeyError("challenge_of_another_browser")
    return challenge.nonce
