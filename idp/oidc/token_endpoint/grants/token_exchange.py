"""`grant_type=urn:ietf:params:oauth:grant-type:token-exchange` (RFC 8693): a department calls another's API on the resident's behalf.

Delegation only: every token made here says who acts (`act`), so nobody can pass for the resident (impersonation, §1.1). Which app may
do so for which API and scopes is the city's policy.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from authlib.oauth2.rfc6749 import (
    BaseGrant,
    InvalidRequestError,
    TokenEndpointMixin,
    UnauthorizedClientError,
)
from sqlalchemy.orm import Session

from ....audit import EventType, record
from ....foundation import clock
from ....foundation.database import from_ms
from ...client_auth.authenticate import METHODS, authenticate
from ...client_auth.sender import sender_key
from ...clients.grant_types import TOKEN_EXCHANGE
from ...clients.scopes import refused
from ...grants.model import Grant
from ...policy.policy import load_policy, resource_owner
from ...resources.resources import InvalidTargetError
from ...server.provider import Provider, provider
from ...tokens import reference_tokens
from ...tokens.tokens import AccessToken, TokenError, api_audience, check_access_token, userinfo_audience

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
# How many departments may stand between the resident's app and an API.
LONGEST_CHAIN = 3


@dataclass(frozen=True)
class Subject:
    """On whose behalf: the resident's grant at the beginning, who acted so far, and how long the given token lives."""

    grant_id: str
    resident_id: str
    act: dict[str, Any] | None
    expires_at: datetime


class ExchangeGrant(BaseGrant, TokenEndpointMixin):  # type: ignore[misc]
    """Registered with Authlib's server."""

    GRANT_TYPE = TOKEN_EXCHANGE
    TOKEN_ENDPOINT_AUTH_METHODS = [m for m in METHODS if m != "none"]

    def validate_token_request(self) -> None:
        client = authenticate(self.request, tuple(self.TOKEN_ENDPOINT_AUTH_METHODS))
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("The client is not authorized to use token exchange.")
        form = self.request.form
        if form.get("subject_token_type") != ACCESS_TOKEN or "subject_token" not in form:
            raise InvalidRequestError("The subject_token must be an access token.")
        if form.get("requested_token_type", ACCESS_TOKEN) != ACCESS_TOKEN:
            raise InvalidRequestError("Only access tokens are given here.")
        if "audience" in form or " " in form.get("resource", " "):
            raise InvalidTargetError("Name one API by 'resource'.")
        _check_actor(provider(), client.client_id, form)
        self.request.client = client

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        op, client, form = provider(), self.request.client, self.request.form
        with op.parts.database.write() as session:
            subject = _subject(op, session, client.client_id, form["subject_token"])
            owner = resource_owner(session, form["resource"])
            allowed = load_policy(session, client.client_id).may_exchange.get(form["resource"], ())
            if owner is None or not allowed or op.clients.get(owner.client_id) is None:
                raise InvalidTargetError("The client may not call this API on a resident's behalf.")
            known = orjson.loads(owner.scopes_json)
            allowed = tuple(scope for scope in allowed if scope in known)
            wanted = form.get("scope", " ".join(allowed)).split()
            if not wanted or not set(wanted) <= set(allowed):
                raise refused(set(wanted) - set(allowed), "The client may not have this scope at this API")
            scope = " ".join(sorted(set(wanted)))
            act = {"sub": client.client_id, **({"act": subject.act} if subject.act is not None else {})}
            made = reference_tokens.make(
                session, client_id=client.client_id, owner=owner, grant_id=subject.grant_id,
                resident_id=subject.resident_id, scope=scope, expires_at=subject.expires_at, act=act,
            )  # fmt: skip
            record(
                session, EventType.TOKEN_EXCHANGED, resident_id=subject.resident_id, client_id=client.client_id,
                resource=owner.resource, scope=scope,
            )  # fmt: skip
        body = {
            "access_token": made.token,
            "issued_token_type": ACCESS_TOKEN,
            "token_type": sender_key().token_type,
            "expires_in": made.seconds,
            "scope": scope,
        }
        return 200, body, self.TOKEN_RESPONSE_HEADER


def _subject(op: Provider, session: Session, client_id: str, token: str) -> Subject:
    """The client's own token of a live grant, or a token that another department gave it for its own API."""
    invalid = InvalidRequestError("The subject_token is not a live access token that this client may exchange.")
    received = reference_tokens.find(session, token)
    if received is not None:
        row, grant = received
        act = orjson.loads(row.act) if row.act is not None else {"sub": row.client_id}
        if row.owner_id != client_id or _length(act) >= LONGEST_CHAIN:
            raise invalid
        return Subject(grant.grant_id, grant.resident_id, act, min(row.expires_at, grant.expires_at))
    own = _own_token(op, token)
    if own is None or own.client_id != client_id or own.grant_id is None:
        raise invalid
    if own.confirmation is not None and own.confirmation != sender_key().confirmation:
        raise invalid  # a bound token is not exchanged for an unbound one
    facts = op.store.userinfo(own.grant_id, own.jti, clock.epoch_ms())
    if facts is None or facts.grant.sub != own.sub or facts.grant.client_id != client_id:
        raise invalid
    ends = min(from_ms(own.expires_at * 1000), session.get_one(Grant, own.grant_id).expires_at)
    return Subject(own.grant_id, facts.grant.resident_id, None, ends)


def _own_token(op: Provider, token: str) -> AccessToken | None:
    for audience in (userinfo_audience(op.parts.settings), api_audience(op.parts.settings)):
        try:
            return check_access_token(op.parts.settings, op.keys, token, audience)
        except TokenError:
            continue
    return None


def _check_actor(op: Provider, client_id: str, form: dict[str, str]) -> None:
    """RFC 8693 §2.1: `actor_token` is optional; when there, it is the client's own, which changes nothing about who acts."""
    if ("actor_token" in form) != ("actor_token_type" in form):
        raise InvalidRequestError("actor_token and actor_token_type go together.")
    if "actor_token" not in form:
        return
    actor = _own_token(op, form["actor_token"]) if form["actor_token_type"] == ACCESS_TOKEN else None
    if actor is None or actor.client_id != client_id or actor.grant_id is not None:
        raise InvalidRequestError("The actor_token is not this client's own access token.")


def _length(act: dict[str, Any]) -> int:
    return 1 + (_length(act["act"]) if "act" in act else 0)
