"""`grant_type=urn:ietf:params:oauth:grant-type:token-exchange` (RFC 8693): a department calls another's API on the resident's behalf.

Delegation only: every token made here says who acts (`act`), so nobody can pass for the resident (impersonation, §1.1). Which app may
do so for which API and scopes is the city's policy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

import orjson
from sqlalchemy.orm import Session

from ....audit import AuditEventType, record
from ....foundation import clock
from ....foundation.database import from_ms
from ...client_auth import CONFIDENTIAL_CALLER, sender_key
from ...clients import TOKEN_EXCHANGE, scope_error
from ...errors import InvalidRequestError
from ...flows import Check, ClientRequest, ListedGrant, Table
from ...grants.model import Grant
from ...policy import load_policy, resource_owner
from ...policy.model import ResourceIndicator
from ...resources import InvalidTargetError
from ...server import Provider, provider
from ...tokens import AccessToken, TokenError, api_audience, check_access_token, reference_tokens, userinfo_audience
from ..answers import token_answer

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


@dataclass
class ExchangeRequest(ClientRequest):
    """A token of a resident, to be exchanged for one at another department's API."""

    GRANT_TYPE: ClassVar[str] = TOKEN_EXCHANGE

    subject: Subject = field(init=False)
    owner: ResourceIndicator = field(init=False)
    allowed: tuple[str, ...] = ()
    scope: str = ""


def require_access_tokens(_op: Provider, asked: ExchangeRequest) -> None:
    """What is given is an access token, and so is what is wanted."""
    form = asked.form
    if form.get("subject_token_type") != ACCESS_TOKEN or "subject_token" not in form:
        raise InvalidRequestError("The subject_token must be an access token.")
    if form.get("requested_token_type", ACCESS_TOKEN) != ACCESS_TOKEN:
        raise InvalidRequestError("Only access tokens are given here.")


def require_one_resource(_op: Provider, asked: ExchangeRequest) -> None:
    """One API is named, by resource."""
    if "audience" in asked.form or " " in asked.form.get("resource", " "):
        raise InvalidTargetError("Name one API by 'resource'.")


def require_own_actor(op: Provider, asked: ExchangeRequest) -> None:
    """An actor token is optional; when there, it is the client's own, which changes nothing about who acts."""
    form = asked.form
    if ("actor_token" in form) != ("actor_token_type" in form):
        raise InvalidRequestError("actor_token and actor_token_type go together.")
    if "actor_token" not in form:
        return
    actor = _own_token(op, form["actor_token"]) if form["actor_token_type"] == ACCESS_TOKEN else None
    if actor is None or actor.client_id != asked.client.client_id or actor.grant_id is not None:
        raise InvalidRequestError("The actor_token is not this client's own access token.")


def require_live_subject(op: Provider, asked: ExchangeRequest) -> None:
    """The subject token is a live one of this client's, with its key; its chain of departments is not too long."""
    with op.parts.database.read() as session:
        asked.subject = _subject(op, session, asked.client.client_id, asked.form["subject_token"])


def require_allowed_api(op: Provider, asked: ExchangeRequest) -> None:
    """The city allows this client to call this API on residents' behalf."""
    resource = asked.form["resource"]
    with op.parts.database.read() as session:
        owner = resource_owner(session, resource)
        allowed = load_policy(session, asked.client.client_id).may_exchange.get(resource, ())
    if owner is None or not allowed or op.clients.get(owner.client_id) is None:
        raise InvalidTargetError("The client may not call this API on a resident's behalf.")
    known = orjson.loads(owner.scopes_json)
    asked.owner, asked.allowed = owner, tuple(scope for scope in allowed if scope in known)


def require_allowed_scope(_op: Provider, asked: ExchangeRequest) -> None:
    """The scope is one that the client may have there; without one it is all of them."""
    wanted = set(asked.form.get("scope", " ".join(asked.allowed)).split())
    if not wanted or not wanted <= set(asked.allowed):
        raise scope_error(wanted - set(asked.allowed), "The client may not have this scope at this API")
    asked.scope = " ".join(sorted(wanted))


CHECKS: Table[ExchangeRequest, None] = Table(
    "`urn:ietf:params:oauth:grant-type:token-exchange`",
    (
        *CONFIDENTIAL_CALLER,
        Check(require_access_tokens, "RFC 8693 §2.1, §3", "invalid_request"),
        Check(require_one_resource, "RFC 8693 §2.1, §2.2.2", "invalid_target"),
        Check(require_own_actor, "RFC 8693 §2.1", "invalid_request"),
        Check(require_live_subject, "RFC 8693 §2.1, §4.1; RFC 9449 §5", "invalid_request"),
        Check(require_allowed_api, "RFC 8693 §2.2.2", "invalid_target"),
        Check(require_allowed_scope, "RFC 8693 §2.1; RFC 6749 §3.3", "invalid_scope"),
    ),
)


class ExchangeGrant(ListedGrant):
    """Registered with Authlib's server."""

    GRANT_TYPE = ExchangeRequest.GRANT_TYPE
    ASKED = ExchangeRequest
    CHECKS = CHECKS

    def token_response(self, asked: ExchangeRequest) -> dict[str, Any]:
        """RFC 8693 §2.2.1."""
        client_id, subject = asked.client.client_id, asked.subject
        act = {"sub": client_id, **({"act": subject.act} if subject.act is not None else {})}
        with provider().parts.database.write() as session:
            made = reference_tokens.make(
                session, client_id=client_id, owner=asked.owner, grant_id=subject.grant_id,
                resident_id=subject.resident_id, scope=asked.scope, expires_at=subject.expires_at, act=act,
            )  # fmt: skip
            record(
                session, AuditEventType.TOKEN_EXCHANGED, resident_id=subject.resident_id, client_id=client_id,
                resource=asked.owner.resource, scope=asked.scope,
            )  # fmt: skip
        return {**token_answer(made.token, made.seconds, asked.scope), "issued_token_type": ACCESS_TOKEN}


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


def _length(act: dict[str, Any]) -> int:
    return 1 + (_length(act["act"]) if "act" in act else 0)
