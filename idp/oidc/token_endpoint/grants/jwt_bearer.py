"""`grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer` (RFC 7523 §2.1): an assertion that the client signs with its own key.

Off unless the city's policy says otherwise. About the client itself it gives what client_credentials would; about a resident, named
by the client's own `sub`, no more than the resident shares with the client anyway, and neither ID token nor refresh token, because
nobody signed in.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from authlib.oauth2.rfc6749 import (
    BaseGrant,
    InvalidGrantError,
    InvalidRequestError,
    TokenEndpointMixin,
    UnauthorizedClientError,
)
from sqlalchemy import select
from sqlalchemy.orm import Session

from ....audit import EventType, record
from ....foundation import clock
from ....foundation.database import from_ms
from ....foundation.ids import new_id
from ....residents.model import Resident, ResidentState
from ....residents.subjects import resident_of
from ...client_auth.authenticate import METHODS, authenticate
from ...client_auth.client_jwt import open_client_jwt
from ...client_auth.jwt_rules import authorization_grant
from ...client_auth.sender import sender_key
from ...clients.clients import RegisteredClient
from ...clients.grant_types import JWT_BEARER
from ...clients.scopes import refused
from ...grants.model import Consent, Grant
from ...jose.verify import JwtError
from ...policy.policy import AssertionPolicy, load_policy
from ...resources.resources import audience_for
from ...server.provider import provider
from ...tokens.tokens import make_access_token

LIFETIME = 600


class AssertionGrant(BaseGrant, TokenEndpointMixin):  # type: ignore[misc]
    """Registered with Authlib's server."""

    GRANT_TYPE = JWT_BEARER
    TOKEN_ENDPOINT_AUTH_METHODS = [m for m in METHODS if m != "none"]

    def validate_token_request(self) -> None:
        client = authenticate(self.request, tuple(self.TOKEN_ENDPOINT_AUTH_METHODS))
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("The client is not authorized to use assertions.")
        if "assertion" not in self.request.form:
            raise InvalidRequestError("Missing 'assertion' in request.")
        self.request.client = client

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        op, client, form = provider(), self.request.client, self.request.form
        settings = op.parts.settings
        sub = _assertion_subject(client, form["assertion"])
        with op.parts.database.write() as session:
            policy = load_policy(session, client.client_id).assertions
            itself = sub == client.client_id
            scope = _scope(policy, itself, form.get("scope"))
            audience = audience_for(settings, set(scope.split()), form.get("resource"))
            grant_id = None if itself else _grant(session, client, sub, scope, settings.access_token_seconds)
        token = make_access_token(
            settings,
            op.keys,
            client_id=client.client_id,
            sub=sub,
            scope=scope,
            audience=audience,
            grant_id=grant_id,
            now=clock.epoch(),
            confirmation=sender_key().confirmation,
        )
        body = {
            "access_token": token,
            "token_type": sender_key().token_type,
            "expires_in": settings.access_token_seconds,
            "scope": scope,
        }
        return 200, body, self.TOKEN_RESPONSE_HEADER


def _assertion_subject(client: RegisteredClient, assertion: str) -> str:
    op = provider()
    try:
        claims = open_client_jwt(
            op, client, assertion, authorization_grant(op.parts.settings, op.parts.database, client)
        )
    except JwtError as error:
        raise InvalidGrantError(str(error)) from None
    if not isinstance(claims["sub"], str):
        raise InvalidGrantError("The assertion's sub is not a text.")
    return claims["sub"]


def _scope(policy: AssertionPolicy, itself: bool, wanted: str | None) -> str:
    allowed: tuple[str, ...] = policy.itself if itself else policy.resident
    if not allowed:
        raise InvalidGrantError("The city does not allow this client such assertions.")
    scopes = set(wanted.split()) if wanted else set(allowed)
    if not scopes <= set(allowed):
        raise refused(scopes - set(allowed), "The client may not have this scope by an assertion")
    return " ".join(sorted(scopes))


def _grant(session: Session, client: RegisteredClient, sub: str, scope: str, seconds: int) -> str:
    """A grant of its own, which the resident sees and ends like any other. Raises `InvalidGrantError`."""
    now = clock.now()
    resident_id = resident_of(session, sub, client.sector)
    resident = session.get(Resident, resident_id) if resident_id is not None else None
    refused = InvalidGrantError("No resident who shares this with the client is known by this sub.")
    if resident is None or resident.state != ResidentState.ACTIVE.value:
        raise refused
    if not set(scope.split()) <= _shared_now(session, client.client_id, resident.resident_id):
        raise refused
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
    record(session, EventType.ASSERTION_USED, resident_id=resident.resident_id, client_id=client.client_id, scope=scope)
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
