"""Hybrid and implicit response types (OIDC Core §3.2, §3.3). Off unless the operator switches them on (`MACHI_HYBRID_FLOWS`) and the
client registered them: tokens in a browser's address are what OAuth 2.1 did away with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...foundation import clock
from ..client_metadata import is_hybrid
from ..errors import AccessDeniedError, InvalidRequestError
from ..resources import audience_for
from ..server import Provider
from ..storage import GrantFacts, LoginFacts, Redemption
from ..tokens import make_access_token, make_id_token
from .facts import facts_of_request

if TYPE_CHECKING:
    from .authorize_request import AuthorizationRequest


def require_nonce(_op: Provider, asked: AuthorizationRequest) -> None:
    """A response type with an ID token comes with a nonce."""
    if "id_token" in asked.parameters["response_type"].split() and "nonce" not in asked.parameters:
        raise InvalidRequestError("Missing 'nonce' in request.")


def reject_tokens_in_query(_op: Provider, asked: AuthorizationRequest) -> None:
    """Tokens never stand in a query."""
    if is_hybrid(asked.parameters["response_type"]) and asked.parameters.get("response_mode", "").startswith("query"):
        raise InvalidRequestError("Tokens never stand in a query.")


def hybrid_values(op: Provider, asked: AuthorizationRequest, code: str, login: LoginFacts) -> dict[str, str | None]:
    """The parameters of the response (§3.2.2.5, §3.3.2.5). Raises `OAuth2Error` when the ID token cannot be
    encrypted, or when what the answer rests on has ended.
    """
    wanted = frozenset(asked.parameters["response_type"].split())
    now = clock.epoch()
    # A grant of its own: it lives as long as the access token in the answer, and ends with the login.
    facts = facts_of_request(asked, login, clock.epoch_ms() + op.parts.settings.access_token_seconds * 1000)
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
