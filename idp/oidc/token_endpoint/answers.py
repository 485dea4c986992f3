"""What a token response says (RFC 6749 §5.1): one ending for all grants."""

from __future__ import annotations

from typing import Any

from ...foundation import clock
from ..client_auth import sender_key
from ..clients import RegisteredClient
from ..resources import department_token, own_part, own_target, token_members
from ..server import provider
from ..storage import GrantFacts
from ..tokens import make_access_token, make_id_token


def token_answer(access_token: str, seconds: int, scope: str) -> dict[str, Any]:
    """The members of every response; the token's type says whether it is bound to a key that must be shown (RFC 9449 §5)."""
    return {
        "access_token": access_token,
        "token_type": sender_key().token_type,
        "expires_in": seconds,
        "scope": scope,
    }


def jwt_answer(client_id: str, sub: str, scope: str, audience: list[str], grant_id: str | None) -> dict[str, Any]:
    """A response with a JWT of ours, for userinfo or our own API; without `grant_id` it is the client's own."""
    op = provider()
    token = make_access_token(
        op.parts.settings,
        op.keys,
        client_id=client_id,
        sub=sub,
        scope=scope,
        audience=audience,
        grant_id=grant_id,
        now=clock.epoch(),
        confirmation=sender_key().confirmation,
    )
    return token_answer(token, op.parts.settings.access_token_seconds, scope)


def grant_answer(
    client: RegisteredClient,
    grant: GrantFacts,
    refresh_token: str | None,
    scope: str | None = None,
    resource: str | None = None,
) -> dict[str, Any]:
    """The response for a resident's grant (OIDC Core §3.1.3.3); `scope` and `resource` name a part of it. Raises `OAuth2Error`."""
    op = provider()
    settings = op.parts.settings
    scope = scope or grant.scope
    if own_target(settings, grant.resource, resource):
        part, audience = own_part(settings, grant, scope, resource)
        body = jwt_answer(client.client_id, grant.sub, part, audience, grant.grant_id)
    else:
        body = token_answer(*department_token(op, client, grant, scope, resource))
    if refresh_token is not None:
        body["refresh_token"] = refresh_token
    if grant.rich is not None:
        body |= token_members(grant.rich)
    if "openid" in scope.split():
        body["id_token"] = make_id_token(op, client, grant, clock.epoch(), body["access_token"])
    return body
