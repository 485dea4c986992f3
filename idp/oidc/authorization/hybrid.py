"""Hybrid and implicit response types (OIDC Core §3.2, §3.3). Off unless the operator switches them on (`MACHI_HYBRID_FLOWS`) and the
client registered them: tokens in a browser's address are what OAuth 2.1 did away with.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ...foundation import clock
from ..client_metadata import UNSUPPORTED_RESPONSE_TYPES
from ..clients import RegisteredClient
from ..errors import AccessDeniedError, InvalidRequestError, OAuth2Error, UnauthorizedClientError
from ..resources import audience_for
from ..server import ProtocolRequest, Provider
from ..storage import GrantFacts, Redemption, Standing
from ..token_endpoint import S256Only
from ..tokens import make_access_token, make_id_token
from .facts import facts_of_request

if TYPE_CHECKING:
    from .authorize_request import AuthorizationRequest


def check_hybrid(op: Provider, client: RegisteredClient, parameters: dict[str, str]) -> Any:
    """What Authlib's code grant checks for `code`: type, scope, PKCE; and the nonce. Returns the shape of that grant."""
    wanted = frozenset(parameters["response_type"].split())
    if not op.parts.settings.hybrid_flows:
        raise OAuth2Error(error="unsupported_response_type", description=UNSUPPORTED_RESPONSE_TYPES)
    if wanted not in {frozenset(t.split()) for t in client.metadata.get("response_types", [])}:
        raise UnauthorizedClientError("The client is not registered for this response_type.")
    scope = client.get_allowed_scope(parameters.get("scope"))
    if "id_token" in wanted and "nonce" not in parameters:
        raise InvalidRequestError("Missing 'nonce' in request.")  # OIDC Core §3.2.2.1, §3.3.2.11
    if parameters.get("response_mode", "fragment").startswith("query"):
        raise InvalidRequestError("Tokens never stand in a query.")
    request = ProtocolRequest("GET", parameters, {})
    request.client, request.scope = client, scope
    grant = SimpleNamespace(request=SimpleNamespace(payload=request.payload, client=client, scope=scope))
    if "code" in wanted:
        pkce = S256Only()
        pkce.require_challenge(grant, "")
        pkce.validate_code_challenge(grant, "")
    return grant


def hybrid_values(op: Provider, asked: AuthorizationRequest, code: str, standing: Standing) -> dict[str, str | None]:
    """The parameters of the response (§3.2.2.5, §3.3.2.5). Raises `OAuth2Error` when the ID token cannot be
    encrypted, or when what the answer rests on has ended.
    """
    wanted = frozenset(asked.parameters["response_type"].split())
    now = clock.epoch()
    # A grant of its own: it lives as long as the access token in the answer, and ends with the login.
    facts = facts_of_request(asked, standing, clock.epoch_ms() + op.parts.settings.access_token_seconds * 1000)
    values: dict[str, str | None] = {"code": code if "code" in wanted else None}
    if "token" in wanted:
        values["access_token"] = _access_token(op, asked, facts, now)
        values |= {"token_type": "Bearer", "expires_in": str(op.parts.settings.access_token_seconds)}
        values["scope"] = asked.scope
    if "id_token" in wanted:
        values["id_token"] = make_id_token(
            op, asked.client, facts, now, values.get("access_token"), values["code"],
            with_scopes=wanted == {"id_token"},  # §5.4: without any access token the claims are in the ID token
        )  # fmt: skip
    return values


def _access_token(op: Provider, asked: AuthorizationRequest, facts: GrantFacts, now: int) -> str:
    redemption = Redemption(facts, offline=False, refresh_digest=None, refresh_expires_at=None)
    if op.store.redeem_code(redemption, clock.epoch_ms()) is None:
        raise AccessDeniedError("The login or the app's access has ended meanwhile.")
    return make_access_token(
        op.parts.settings,
        op.keys,
        client_id=facts.client_id,
        sub=facts.sub,
        scope=facts.scope,
        audience=audience_for(op.parts.settings, set(facts.scope.split()), facts.resource),
        grant_id=facts.grant_id,
        now=now,
    )
