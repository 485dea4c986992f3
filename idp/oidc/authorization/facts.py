"""What an authorization request makes of a login: the values of the grant that its code becomes."""

from __future__ import annotations

from typing import Any

import orjson

from ...foundation.ids import new_id, new_secret
from ..resources import DETAILS_PARAMETER
from ..storage import GrantFacts, LoginFacts
from .authorize_request import AuthorizationRequest


def facts_of_request(asked: AuthorizationRequest, login: LoginFacts, expires_at: int) -> GrantFacts:
    """The grant that an authorization request makes of a login; `expires_at` in ms."""
    return GrantFacts(
        grant_id=new_id(),
        client_id=asked.client.client_id,
        resident_id=login.resident_id,
        session_id=login.session_id,
        scope=asked.scope,
        claims=asked.parameters.get("claims"),
        resource=asked.parameters.get("resource"),
        nonce=asked.parameters.get("nonce"),
        factors=login.factors,
        proofing=login.proofing,
        authenticated_at=login.authenticated_at,
        sid=str(login.sid),
        sub=str(login.sub),
        expires_at=expires_at,
    )


def rich_of(asked: AuthorizationRequest) -> str | None:
    """The `rich` column of the code; None for a request without any of this."""
    rich: dict[str, Any] = {}
    if asked.details is not None:
        rich[DETAILS_PARAMETER] = orjson.loads(asked.details)
    if action := asked.parameters.get("grant_management_action"):
        rich["grant_management"] = {"action": action, "id": asked.parameters.get("grant_id") or new_secret()}
    return orjson.dumps(rich).decode() if rich else None
