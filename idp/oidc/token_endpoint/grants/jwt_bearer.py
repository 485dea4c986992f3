"""`grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer` (RFC 7523 §2.1): an assertion that the client signs with its own key.

Off unless the city's policy says otherwise. About the client itself it gives what client_credentials would; about a resident, named
by the client's own `sub`, no more than the resident shares with the client anyway, and neither ID token nor refresh token, because
nobody signed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from ....audit import AuditEventType, record
from ....foundation import clock
from ....foundation.database import from_ms
from ....foundation.ids import new_id
from ....residents import subjects
from ....residents.model import Resident, ResidentState
from ...client_auth import CONFIDENTIAL_CALLER, authorization_grant, open_client_jwt
from ...clients import JWT_BEARER, RegisteredClient, scope_error
from ...errors import InvalidGrantError, InvalidRequestError
from ...flows import Check, ListedGrant, Table
from ...grants.model import Consent, Grant
from ...jose import JwtError
from ...policy import load_policy
from ...server import Provider
from ..answers import jwt_answer
from .shared_checks import KNOWN_RESOURCE, OwnRequest


@dataclass
class AssertionRequest(OwnRequest):
    """An assertion, whom it is about, and the grant that was made for a resident; None about the client itself."""

    GRANT_TYPE: ClassVar[str] = JWT_BEARER

    sub: str = ""
    grant_id: str | None = None


def require_own_assertion(op: Provider, asked: AssertionRequest) -> None:
    """There is an assertion, signed by the client, for us, in time, used once, about somebody."""
    if "assertion" not in asked.form:
        raise InvalidRequestError("Missing 'assertion' in request.")
    rules = authorization_grant(op.parts.settings, op.parts.database, asked.client)
    try:
        claims = open_client_jwt(op, asked.client, asked.form["assertion"], rules)
    except JwtError as error:
        raise InvalidGrantError(str(error)) from None
    if not isinstance(claims["sub"], str):
        raise InvalidGrantError("The assertion's sub is not a text.")
    asked.sub = claims["sub"]


def require_allowed_scope(op: Provider, asked: AssertionRequest) -> None:
    """The city allows the client such assertions, about itself or about residents, and this scope by them."""
    with op.parts.database.read() as session:
        policy = load_policy(session, asked.client.client_id).assertions
    allowed: tuple[str, ...] = policy.itself if asked.sub == asked.client.client_id else policy.resident
    if not allowed:
        raise InvalidGrantError("The city does not allow this client such assertions.")
    scopes = set(asked.form.get("scope", "").split()) or set(allowed)
    if not scopes <= set(allowed):
        raise scope_error(scopes - set(allowed), "The client may not have this scope by an assertion")
    asked.scope = " ".join(sorted(scopes))


def require_sharing_resident(op: Provider, asked: AssertionRequest) -> None:
    """A resident who is meant shares all this with the client anyway; they see the grant and can end it."""
    if asked.sub != asked.client.client_id:
        seconds = op.parts.settings.access_token_seconds
        with op.parts.database.write() as session:
            asked.grant_id = _grant(session, asked.client, asked.sub, asked.scope, seconds)


CHECKS: Table[AssertionRequest, None] = Table(
    "`urn:ietf:params:oauth:grant-type:jwt-bearer`",
    (
        *CONFIDENTIAL_CALLER,
        Check(require_own_assertion, "RFC 7523 §2.1, §3; RFC 7521 §4.1", "invalid_request, invalid_grant"),
        Check(require_allowed_scope, "RFC 7521 §4.1; RFC 6749 §3.3", "invalid_grant, invalid_scope"),
        KNOWN_RESOURCE,
        Check(require_sharing_resident, "RFC 7523 §3, §3.1", "invalid_grant"),
    ),
)


class AssertionGrant(ListedGrant):
    """Registered with Authlib's server."""

    GRANT_TYPE = AssertionRequest.GRANT_TYPE
    ASKED = AssertionRequest
    CHECKS = CHECKS

    def token_response(self, asked: AssertionRequest) -> dict[str, Any]:
        """RFC 7521 §4.1: neither ID token nor refresh token, because nobody signed in."""
        return jwt_answer(asked.client.client_id, asked.sub, asked.scope, asked.audience, asked.grant_id)


def _grant(session: Session, client: RegisteredClient, sub: str, scope: str, seconds: int) -> str:
    """A grant of its own, which the resident sees and ends like any other. Raises `InvalidGrantError`."""
    now = clock.now()
    resident_id = subjects.resident_of(session, sub, client.sector)
    resident = session.get(Resident, resident_id) if resident_id is not None else None
    scope_error = InvalidGrantError("No resident who shares this with the client is known by this sub.")
    if resident is None or resident.state != ResidentState.ACTIVE.value:
        raise scope_error
    if not set(scope.split()) <= _shared_now(session, client.client_id, resident.resident_id):
        raise scope_error
    grant = Grant(
        grant_id=new_id(),
        client_id=client.client_id,
        resident_id=resident.resident_id,
        session_id="",
        offline=True,
        scope=scope,
        factors="[]",
        proofing="",
        authenticated_at=from_ms(0),
        sid="",
        sub=sub,
        created_at=now,
        expires_at=now + timedelta(seconds=seconds),
    )
    session.add(grant)
    record(
        session,
        AuditEventType.ASSERTION_USED,
        resident_id=resident.resident_id,
        client_id=client.client_id,
        scope=scope,
    )
    return grant.grant_id


def _shared_now(session: Session, client_id: str, resident_id: str) -> set[str]:
    """Scopes that the resident's standing consent or a live sign-on gives this client."""
    consents = session.scalars(
        select(Consent.scope)
        .where(Consent.client_id == client_id, Consent.resident_id == resident_id, Consent.ended_at.is_(None))
        .with_for_update(read=True)  # whoever ends it in this moment then finds the grant
    )
    # Grants of assertions must not keep each other alive: they have no login behind them.
    grants = session.scalars(
        select(Grant.scope).where(
            Grant.client_id == client_id,
            Grant.resident_id == resident_id,
            Grant.revoked_at.is_(None),
            Grant.expires_at > clock.now(),
            Grant.session_id != "",
        )
    )
    return {scope for line in (*consents, *grants) for scope in line.split()}
