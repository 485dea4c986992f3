"""The two ceremonies of WebAuthn Level 3 with py_webauthn, for residents and staff alike: options, one-use challenges, and every rule.

User verification is required and checked in both. What the callers add is whose credentials there are and what a proof is good for.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.orm import Session
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.authentication.verify_authentication_response import VerifiedAuthentication
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

from ..foundation import clock
from ..foundation.driver import Change, Columns, Write
from ..foundation.ids import new_id
from ..foundation.settings import Settings
from ..foundation.vault import Vault
from . import sealed_challenges
from .model import CredentialRecord
from .sealed_challenges import Tie

ALGORITHMS = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
# What py_webauthn raises on what is no credential; RecursionError on JSON nested without end.
_BROKEN = (WebAuthnException, ValueError, KeyError, TypeError, AttributeError, RecursionError)
_TIMEOUT = int(sealed_challenges.LIFETIME.total_seconds() * 1000)


class PasskeyError(Exception):
    """Refused; `reason` is for the log, the person gets one message for all.

    `resident_id` only where the credential has proven itself and is on hold: its holder may be told so, and the record whose it is.
    """

    def __init__(self, reason: str, resident_id: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.resident_id = resident_id


@dataclass(frozen=True)
class Known:
    """What is known of the credential an assertion names, and of who owns it."""

    credential_id: str
    owner_id: str
    public_key: bytes
    device_type: str
    user_handle: bytes


@dataclass(frozen=True)
class User:
    """Whom a new credential is for (WebAuthn §5.4.3); `handle` is random and names nobody (§14.6.1)."""

    handle: bytes
    name: str


def request_options(vault: Vault, settings: Settings, tie: Tie) -> dict[str, Any]:
    """For navigator.credentials.get: no allow list, so the authenticator finds the account (discoverable) and nobody is named."""
    options = generate_authentication_options(
        rp_id=settings.rp_id,
        challenge=sealed_challenges.make(vault, tie),
        timeout=_TIMEOUT,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options)


def creation_options(vault: Vault, settings: Settings, tie: Tie, user: User, known: Iterable[bytes]) -> dict[str, Any]:
    """For navigator.credentials.create; authenticators that hold one of the `known` are excluded."""
    options = generate_registration_options(
        rp_id=settings.rp_id,
        rp_name=settings.city_name,
        user_id=user.handle,
        user_name=user.name,
        user_display_name=user.name,
        challenge=sealed_challenges.make(vault, tie),
        timeout=_TIMEOUT,
        attestation=AttestationConveyancePreference.NONE,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=raw) for raw in known],
        supported_pub_key_algs=ALGORITHMS,
    )
    return options_to_json_dict(options)


@dataclass(frozen=True)
class Presented:
    """An assertion as it came; nothing of it is checked. `challenge` is None, or the id and the handle, where they cannot be read."""

    credential: dict[str, Any]
    challenge: bytes | None
    raw_id: bytes | None
    user_handle: bytes = b""


def presented(credential: dict[str, Any]) -> Presented:
    """What an assertion says of itself."""
    challenge = _challenge_of(credential)
    try:
        raw_id = base64url_to_bytes(str(credential["id"]))
        handle = credential["response"].get("userHandle")
        return Presented(credential, challenge, raw_id, base64url_to_bytes(handle) if handle else b"")
    except _BROKEN:
        return Presented(credential, challenge, None)


def verify_assertion(
    session: Session,
    vault: Vault,
    settings: Settings,
    credential: dict[str, Any],
    tie: Tie,
    find: Callable[[bytes], Known | None],
) -> tuple[Known, VerifiedAuthentication]:
    """Check an assertion (WebAuthn §7.2). `find` gives what is known of a credential id.

    Raises `PasskeyError`; the challenge is used up in any case. Nothing is written into the record: see `note_use`.
    """
    said = presented(credential)
    _use_up(session, vault, said.challenge, tie)
    known = find(said.raw_id) if said.raw_id is not None else None
    return check_assertion(settings, said, known)


def check_assertion(settings: Settings, said: Presented, known: Known | None) -> tuple[Known, VerifiedAuthentication]:
    """The same for a challenge that is known to count, and with what is known of the credential. Raises `PasskeyError`."""
    if said.challenge is None or said.raw_id is None:
        raise PasskeyError("malformed")
    if known is None:
        raise PasskeyError("unknown_credential")
    if not secrets.compare_digest(known.user_handle, said.user_handle):
        raise PasskeyError("user_handle")
    try:
        verified = verify_authentication_response(
            credential=_without_hints(said.credential),
            expected_challenge=said.challenge,
            expected_rp_id=settings.rp_id,
            expected_origin=settings.origin,
            credential_public_key=known.public_key,
            # The counter is advisory: synced passkeys keep it at 0, and a smaller one must not lock anybody out.
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except _BROKEN as error:
        raise PasskeyError(type(error).__name__) from None
    if verified.credential_device_type.value != known.device_type:
        raise PasskeyError("backup_eligibility_changed")
    return known, verified


def note_use(table: type[CredentialRecord], credential_id: str, verified: VerifiedAuthentication) -> Change:
    """Keeps what the authenticator said with a proof that counted (WebAuthn §7.2, last but one step)."""
    said = {"sign_count": verified.new_sign_count, "backed_up": verified.credential_backed_up}
    uses = _use_of(table.__table__)  # type: ignore[attr-defined]
    return uses, [said | {"credential_id": credential_id, "last_used_at": clock.now()}]


@cache
def _use_of(table: Table) -> Write:
    return Columns(table).update(("sign_count", "backed_up", "last_used_at"))


def verify_attestation(
    session: Session,
    vault: Vault,
    settings: Settings,
    credential: dict[str, Any],
    tie: Tie,
    table: type[CredentialRecord],
) -> dict[str, Any]:
    """Check an attestation (WebAuthn §7.1): the columns of `table`'s new record. Raises `PasskeyError`."""
    challenge = _use_up(session, vault, _challenge_of(credential), tie)
    try:
        verified = verify_registration_response(
            credential=_without_hints(credential),
            expected_challenge=challenge,
            expected_rp_id=settings.rp_id,
            expected_origin=settings.origin,
            require_user_verification=True,
            supported_pub_key_algs=ALGORITHMS,
        )
        transports = _transports(credential["response"].get("transports"))
    except _BROKEN as error:
        raise PasskeyError(type(error).__name__) from None
    if session.scalar(select(table.credential_id).where(table.webauthn_id == verified.credential_id)):
        raise PasskeyError("already_registered")
    return {
        "credential_id": new_id(),
        "webauthn_id": verified.credential_id,
        "public_key": verified.credential_public_key,
        "sign_count": verified.sign_count,
        "device_type": verified.credential_device_type.value,
        "backed_up": verified.credential_backed_up,
        "aaguid": verified.aaguid,
        "transports": transports,
        "created_at": clock.now(),
    }


def _challenge_of(credential: dict[str, Any]) -> bytes | None:
    """The challenge that the client data names; None if it is no client data."""
    try:
        return parse_client_data_json(base64url_to_bytes(credential["response"]["clientDataJSON"])).challenge
    except _BROKEN:
        return None


def _use_up(session: Session, vault: Vault, challenge: bytes | None, tie: Tie) -> bytes:
    """Use up a challenge, if it is ours and tied to all of this."""
    if challenge is None:
        raise PasskeyError("malformed")
    if (reason := sealed_challenges.use_up(session, vault, challenge, tie)) is not None:
        raise PasskeyError(reason)
    return challenge


def _without_hints(credential: dict[str, Any]) -> dict[str, Any]:
    """Without what only hints at how the authenticator is attached: values we do not know are no reason to refuse (WebAuthn §2.1.1)."""
    return {name: value for name, value in credential.items() if name != "authenticatorAttachment"}


def _transports(given: Any) -> str:
    """Names of transports, known or not (WebAuthn §5.2.1), separated by spaces; what is no list of such gives none."""
    names = [name for name in given if isinstance(name, str)] if isinstance(given, list) else []
    return " ".join(name for name in names[:6] if name.isascii() and name.replace("-", "").isalpha())[:120]
