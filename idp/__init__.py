"""The provider: who you are.

This module is the front door: what the rest of the product (`mypage/`, `wsgi.py`) may use. Everything else under `idp/` is private to
it, and the import contract in the test run holds that.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from .audit import EventType, Recorded, on_record
from .credentials.read import CredentialInfo, credentials_of, find_credential
from .foundation import clock
from .foundation.context import Parts, parts
from .foundation.database import Base, Instant
from .foundation.housekeeping import cleans_up
from .foundation.ids import new_id
from .foundation.limits import LimitExceededError
from .foundation.live import BusAwayError
from .foundation.others import seen, unfit, web_address
from .foundation.outbox import Job, RetryLaterError, enqueue
from .foundation.refusals import refused_part
from .foundation.unavailable import UnavailableError
from .foundation.wake import wake_after_commit
from .foundation.web.callers import Caller, called_by
from .foundation.web.errors import ProblemError, problem_response
from .foundation.web.isolated import isolated
from .foundation.web.language import city_name, language
from .foundation.web.openapi import Answer, Media, Operation, Problem, described
from .foundation.web.shell import add_static
from .oidc.access.apps import AppAccess, ClientLabel, apps_with_access, client_labels, resolve_subject, resolve_subjects
from .oidc.decoupled.approvals import approvals_waiting
from .oidc.server.challenges import challenge
from .oidc.token_endpoint.bearer import TOKEN_PROBLEMS, ApiClient, bearer_client
from .oidc.tokens.revoke import end_app_access
from .residents import read as _residents
from .residents.my_number import looks_like_my_number
from .residents.read import Profile
from .signin.authority import Permit, is_last_way_in, may_hold, may_release, may_remove, vouchers
from .signin.credential_changes import hold_credential, release_credential, remove_passkey, say_not_me
from .signin.devices import Device, devices, end_device, end_other_devices
from .signin.first import part_of_first_sign_in
from .signin.pages import renew_login, sign_in_again
from .signin.sessions import Login, current_login, on_session_end, session_is_live

__all__ = [
    "TOKEN_PROBLEMS",
    "Answer",
    "ApiClient",
    "AppAccess",
    "Base",
    "BusAwayError",
    "Caller",
    "ClientLabel",
    "CredentialInfo",
    "Device",
    "EventType",
    "Instant",
    "Job",
    "LimitExceededError",
    "Login",
    "Media",
    "Operation",
    "Parts",
    "Permit",
    "Problem",
    "ProblemError",
    "Profile",
    "Recorded",
    "RetryLaterError",
    "UnavailableError",
    "add_static",
    "approvals_waiting",
    "apps_with_access",
    "bearer_client",
    "called_by",
    "challenge",
    "city_name",
    "cleans_up",
    "client_labels",
    "clock",
    "credentials_of",
    "current_login",
    "described",
    "devices",
    "end_app_access",
    "end_device",
    "end_other_devices",
    "enqueue",
    "find_credential",
    "hold_credential",
    "is_last_way_in",
    "isolated",
    "language",
    "looks_like_my_number",
    "may_hold",
    "may_release",
    "may_remove",
    "new_id",
    "on_record",
    "on_session_end",
    "part_of_first_sign_in",
    "parts",
    "problem_response",
    "refused_part",
    "release_credential",
    "remove_passkey",
    "renew_login",
    "resident_profile",
    "resolve_local_number",
    "resolve_local_numbers",
    "resolve_subject",
    "resolve_subjects",
    "say_not_me",
    "seen",
    "session_is_live",
    "sign_in_again",
    "unfit",
    "vouchers",
    "wake_after_commit",
    "web_address",
]


def resident_profile(session: Session, resident_id: str) -> Profile:
    """Name and unified ID of a resident, decrypted for this request."""
    return _residents.resident_profile(session, parts().vault, resident_id)


def resolve_local_number(session: Session, number: str) -> str | None:
    """The resident behind a local number (宛名番号); only for clients that may use local numbers."""
    return _residents.resolve_local_number(session, parts().vault, number)


def resolve_local_numbers(session: Session, numbers: Iterable[str]) -> dict[str, str]:
    """`resolve_local_number` for many at once; unknown ones are left out."""
    return _residents.resolve_local_numbers(session, parts().vault, numbers)
