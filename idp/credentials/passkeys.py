"""Passkeys (WebAuthn Level 3) with py_webauthn. User verification is required and checked in both ceremonies."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
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
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from ..audit import EventType, record
from ..foundation import clock
from ..foundation.database import insert_if_absent
from ..foundation.ids import new_id
from ..foundation.settings import Settings
from . import challenges
from .model import CredentialState, Passkey, PasskeyUser

ALGORITHMS = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
MAX_PER_RESIDENT = 20
# What py_webauthn raises on what is no credential; RecursionError on JSON nested without end.
_BROKEN = (WebAuthnException, ValueError, KeyError, TypeError, AttributeError, RecursionError)


class PasskeyError(Exception):
    """Refused; `reason` is for the log, the person gets one message for all.

    `resident_id` only where the credential has proven itself and is on hold: its holder may be told so, and the record whose it is.
    """

    def __init__(self, reason: str, resident_id: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.resident_id = resident_id


@dataclass(frozen=True)
class PasskeySignIn:
    """Who signed in, with the raw facts the level is computed from."""

    resident_id: str
    credential_id: str
    synced: bool
    attested: bool


def signin_options(session: Session, settings: Settings, browser_digest: str, attempt_id: str) -> dict[str, Any]:
    """Options for navigator.credentials.get: no allow list, so the authenticator finds the account (discoverable)."""
    issued = challenges.issue(session, "passkey_signin", browser_digest, attempt_id=attempt_id)
    options = generate_authentication_options(
        rp_id=settings.rp_id, challenge=issued.nonce, user_verification=UserVerificationRequirement.REQUIRED
    )
    return options_to_json_dict(options)


def verify_signin(
    session: Session, settings: Settings, credential: dict[str, Any], browser_digest: str, attempt_id: str
) -> PasskeySignIn:
    """Check an assertion (WebAuthn §7.2). Raises `PasskeyError`; the challenge is used up in any case."""
    challenge = _consume(session, credential, "passkey_signin", browser_digest)
    if challenge.attempt_id != attempt_id:
        raise PasskeyError("challenge_of_another_attempt")
    try:
        raw_id = base64url_to_bytes(str(credential["id"]))
        handle = credential["response"].get("userHandle")
        user_handle = base64url_to_bytes(handle) if handle else None
    except (KeyError, ValueError, AttributeError, TypeError):
        raise PasskeyError("malformed") from None
    passkey = session.scalars(select(Passkey).where(Passkey.webauthn_id == raw_id)).first()
    if passkey is None or passkey.state not in (CredentialState.ACTIVE.value, CredentialState.HELD.value):
        raise PasskeyError("unknown_credential")
    owner = session.scalars(select(PasskeyUser).where(PasskeyUser.resident_id == passkey.resident_id)).one()
    if user_handle is None or not secrets.compare_digest(owner.user_handle, user_handle):
        raise PasskeyError("user_handle")
    try:
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge.nonce,
            expected_rp_id=settings.rp_id,
            expected_origin=settings.origin,
            credential_public_key=passkey.public_key,
            # The counter is advisory: synced passkeys keep it at 0, and a smaller one must not lock anybody out.
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except _BROKEN as error:
        raise PasskeyError(type(error).__name__) from None
    if verified.credential_device_type.value != passkey.device_type:
        raise PasskeyError("backup_eligibility_changed")
    if passkey.state == CredentialState.HELD.value:
        # Only now: whoever merely knows its id learns nothing about it.
        raise PasskeyError("held", passkey.resident_id)
    passkey.sign_count = verified.new_sign_count
    passkey.backed_up = verified.credential_backed_up
    passkey.last_used_at = clock.now()
    return PasskeySignIn(
        passkey.resident_id, passkey.credential_id, passkey.device_type == "multi_device", passkey.attested
    )


def add_options(
    session: Session, settings: Settings, resident_id: str, user_name: str, browser_digest: str
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
    issued = challenges.issue(session, "passkey_add", browser_digest, resident_id=resident_id)
    options = generate_registration_options(
        rp_id=settings.rp_id,
        rp_name=settings.city_name,
        user_id=handle,
        user_name=user_name,
        user_display_name=user_name,
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
    session: Session, settings: Settings, resident_id: str, credential: dict[str, Any], label: str, browser_digest: str
) -> str:
    """Check an attestation (WebAuthn §7.1) and store the passkey; returns its id. Raises `PasskeyError`."""
    challenge = _consume(session, credential, "passkey_add", browser_digest)
    if challenge.resident_id != resident_id:
        raise PasskeyError("challenge_of_another_resident")
    try:
        verified = verify_registration_response(
            credential=credential,
            expected_challenge=challenge.nonce,
            expected_rp_id=settings.rp_id,
            expected_origin=settings.origin,
            require_user_verification=True,
            supported_pub_key_algs=ALGORITHMS,
        )
        transports = [str(t) for t in credential["response"].get("transports", [])][:6]
    except _BROKEN as error:
        raise PasskeyError(type(error).__name__) from None
    if session.scalar(select(Passkey.credential_id).where(Passkey.webauthn_id == verified.credential_id)):
        raise PasskeyError("already_registered")
    passkey = Passkey(
        credential_id=new_id(),
        resident_id=resident_id,
        webauthn_id=verified.credential_id,
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        device_type=verified.credential_device_type.value,
        backed_up=verified.credential_backed_up,
        aaguid=verified.aaguid,
        transports=" ".join(t for t in transports if t.isascii() and t.replace("-", "").isalpha())[:120],
        label=label.strip()[:60],
        created_at=clock.now(),
    )
    session.add(passkey)
    record(
        session,
        EventType.PASSKEY_ADDED,
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


def _consume(session: Session, credential: dict[str, Any], purpose: str, browser_digest: str) -> Any:
    """Consume the challenge that the client data names; our own record of it is what is compared later."""
    try:
        client_data = parse_client_data_json(base64url_to_bytes(credential["response"]["clientDataJSON"]))
    except _BROKEN:
        raise PasskeyError("malformed") from None
    challenge = challenges.consume(session, nonce=client_data.challenge)
    if challenge is None or challenge.purpose != purpose:
        raise PasskeyError("challenge")
    if not secrets.compare_digest(challenge.browser_digest, browser_digest):
        raise PasskeyError("challenge_of_another_browser")
    return challenge
