"""Token introspection (RFC 7662): a client learns about its own tokens, a resource server about those made for it.

Anything else is `{"active": false}`, whatever it is (authentik CVE-2024-47077: cross-client introspection).
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from ...foundation import clock
from ...foundation.database import to_ms
from ...foundation.web.callers import Caller, called_by
from ..client_auth import CONFIDENTIAL_CLIENT
from ..flows import Check, ClientRequest, EndpointResponse, ListedEndpoint, Table, answered
from ..resources import introspection_members
from ..server import provider
from ..tokens import (
    AccessToken,
    TokenError,
    api_audience,
    check_access_token,
    read_refresh_token,
    reference_tokens,
    userinfo_audience,
)
from .bearer import own_token_stands
from .grants.refresh_kept import live_grant_of
from .introspection_jwt import introspection_answer
from .step_up_challenge import authentication_of
from .token_sent import require_token

bp = Blueprint("introspection", __name__)


CHECKS: Table[ClientRequest, None] = Table(
    "A token that somebody asks about",
    (*CONFIDENTIAL_CLIENT, Check(require_token, "RFC 7662 §2.1", "invalid_request")),
)


class IntrospectionEndpoint(ListedEndpoint):
    """Registered with Authlib's server."""

    ENDPOINT_NAME = "introspection"
    ASKED = ClientRequest
    CHECKS = CHECKS

    def create_response(self, asked: ClientRequest) -> EndpointResponse:
        """§2.2: what is known of it, if it is this client's or made for its API."""
        client_id, token = asked.client.client_id, asked.form["token"]
        body = _access_token(client_id, token) or (
            _refresh_token(client_id, token) or reference_tokens.introspect(client_id, token) or {"active": False}
        )
        return introspection_answer(asked.client, body)


@bp.post("/introspect")
@called_by(Caller.CLIENT)
def introspect() -> Response:
    """The state of a token, for its client."""
    return answered(IntrospectionEndpoint)


def _access_token(client_id: str, token: str) -> dict[str, Any] | None:
    op = provider()
    settings = op.parts.settings
    for audience in (userinfo_audience(settings), api_audience(settings)):
        try:
            found = check_access_token(settings, op.keys, token, audience)
        except TokenError:
            continue
        more = _standing(found) if found.client_id == client_id else None
        if more is None:
            return None
        return {
            "active": True,
            "token_type": "DPoP" if found.bound_to_dpop else "Bearer",
            **({"cnf": found.confirmation} if found.confirmation is not None else {}),
            "iss": settings.issuer,
            "client_id": found.client_id,
            "sub": found.sub,
            "scope": " ".join(sorted(found.scopes)),
            "aud": list(found.audience),
            "exp": found.expires_at,
            "jti": found.jti,
            **more,
        }
    return None


def _standing(token: AccessToken) -> dict[str, Any] | None:
    """What a live token's grant adds; None for a token that was revoked."""
    op = provider()
    if token.grant_id is not None:
        facts = op.store.userinfo(token.grant_id, token.jti, clock.epoch_ms())
        if facts is None:
            return None
        return {**authentication_of(facts.grant), **introspection_members(facts.grant.rich)}
    with op.parts.database.read() as session:
        return {} if own_token_stands(session, token.client_id, token.jti) else None


def _refresh_token(client_id: str, text: str) -> dict[str, Any] | None:
    op = provider()
    token = read_refresh_token(op.parts.vault, text)
    if token is None:
        return None
    with op.parts.database.read() as session:
        grant = live_grant_of(session, client_id, token)
    if grant is None or grant.refresh_expires_at is None:
        return None
    return {
        "active": True,
        "token_type": "refresh_token",
        "iss": op.parts.settings.issuer,
        "client_id": client_id,
        "sub": grant.sub,
        "scope": grant.scope,
        "exp": to_ms(grant.refresh_expires_at) // 1000,
        **introspection_members(grant.rich),
    }
