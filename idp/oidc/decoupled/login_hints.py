"""Whom a department means in a CIBA request (CIBA §7.1): exactly one hint, and only in ways that this app may use.

The app's own `sub` if its sector is proven, a unified ID or local number where the city allows it, an ID token of ours, or a
`login_hint_token`: a JWT signed by the app whose `sub_id` (RFC 9493) is `{"format": "iss_sub", ...}` or
`{"format": "local_number", "number": ...}`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ...residents import parse_unified_id, resolve_local_number, subjects
from ...residents.model import Resident, ResidentState
from ..client_auth import login_hint_token, open_client_jwt
from ..clients import RegisteredClient
from ..errors import InvalidRequestError, OAuth2Error
from ..jose import Fault, JwtError
from ..policy import load_policy
from ..protection import HMAC
from ..server import Provider
from ..tokens import TokenError, read_hint

HINTS = ("login_hint", "login_hint_token", "id_token_hint")


class UnknownUserError(OAuth2Error):
    """CIBA §13."""

    error = "unknown_user_id"


class ExpiredHintError(OAuth2Error):
    """CIBA §13."""

    error = "expired_login_hint_token"


def resident_meant(op: Provider, client: RegisteredClient, parameters: dict[str, str]) -> str:
    """The resident_id of an active resident. A wrong hint and one this app may not use get the same answer."""
    given = [name for name in HINTS if name in parameters]
    if len(given) != 1:
        raise InvalidRequestError("Send exactly one of login_hint, login_hint_token and id_token_hint.")
    find = {"login_hint": _by_hint, "login_hint_token": _by_token, "id_token_hint": _by_id_token}[given[0]]
    with op.parts.database.read() as session:
        resident_id = find(op, session, client, parameters[given[0]])
        found = session.get(Resident, resident_id) if resident_id else None
    if found is None or found.state != ResidentState.ACTIVE.value:
        raise UnknownUserError("No resident is known to this client by this hint.")
    return found.resident_id


def _by_hint(op: Provider, session: Session, client: RegisteredClient, hint: str) -> str | None:
    if own := _by_sub(session, client, hint):
        return own
    unified_id = parse_unified_id(hint)
    if unified_id is None or not load_policy(session, client.client_id).unified_id_hints:
        return None
    return session.scalar(select(Resident.resident_id).where(Resident.unified_id == unified_id))


def _by_sub(session: Session, client: RegisteredClient, sub: str) -> str | None:
    """A client whose sector is not proven may have heard a `sub` of it from the app that it shares it with."""
    return subjects.resident_of(session, sub, client.sector) if client.sector_proven else None


def _by_id_token(op: Provider, session: Session, client: RegisteredClient, token: str) -> str | None:
    try:
        claims = read_hint(op, token)
    except TokenError:
        raise InvalidRequestError("The id_token_hint is not one of ours.") from None
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if client.client_id not in audiences:
        return None
    if client.id_token_alg == HMAC:  # by the client's own secret: no more than its word
        return _by_sub(session, client, str(claims["sub"]))
    return subjects.resident_of(session, str(claims["sub"]), client.sector)


def _by_token(op: Provider, session: Session, client: RegisteredClient, token: str) -> str | None:
    try:
        claims = open_client_jwt(op, client, token, login_hint_token(op.parts.settings, client))
    except JwtError as error:
        raise (ExpiredHintError if error.fault is Fault.EXPIRED else InvalidRequestError)(str(error)) from None
    subject: Any = claims.get("sub_id")
    if not isinstance(subject, dict):
        raise InvalidRequestError("login_hint_token: sub_id is missing.")
    if subject.get("format") == "iss_sub" and subject.get("iss") == op.parts.settings.issuer:
        return _by_sub(session, client, str(subject.get("sub", "")))
    if subject.get("format") == "local_number" and client.may_use_local_numbers:
        return resolve_local_number(session, op.parts.vault, str(subject.get("number", "")))
    return None
