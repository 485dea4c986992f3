"""UserInfo endpoint (OIDC Core §5.3): only what was consented, read live from the register."""

from __future__ import annotations

import orjson
from flask import Blueprint, Response, request

from ...foundation import clock
from ...foundation.web.application import AppResponse
from ...foundation.web.callers import Caller, called_by
from ...residents import unseal
from ..claims import claim_names, claim_values, parse_claims_parameter, verified_claims
from ..clients import RegisteredClient
from ..policy import interaction_id
from ..server import NO_STORE, provider, told
from ..tokens import userinfo_audience
from .bearer import NO_TOKEN, BearerError, checked_token
from .step_up_challenge import require_authentication
from .userinfo_response import is_protected, protected_response

bp = Blueprint("userinfo", __name__)

_JSON = (("Content-Type", "application/json"), *NO_STORE.items())


@bp.route("/userinfo", methods=["GET", "POST"])
@called_by(Caller.BEARER)
def userinfo() -> Response:
    """Claims of the resident behind the access token."""
    response = _answer()
    response.headers["X-FAPI-Interaction-ID"] = interaction_id(request.environ.get("HTTP_X_FAPI_INTERACTION_ID"))
    return response


def _answer() -> Response:
    try:
        client, claims = _claims()
        if client is not None and is_protected(client):
            return protected_response(client, claims)
        return AppResponse(orjson.dumps(claims), _JSON)
    except BearerError as error:
        body = {"error": error.error or "invalid_request", "error_description": error.description or NO_TOKEN}
        response = Response(orjson.dumps(told(body)), error.status, content_type="application/json", headers=NO_STORE)
        response.headers["WWW-Authenticate"] = error.challenge
        return response


def _claims() -> tuple[RegisteredClient | None, dict[str, object]]:
    op = provider()
    token = checked_token(userinfo_audience(op.parts.settings))
    if token.grant_id is None or "openid" not in token.scopes:
        raise BearerError(403, "insufficient_scope", "The token does not speak for a resident.", "openid")
    facts = op.store.userinfo(token.grant_id, token.jti, clock.epoch_ms())
    if facts is None or facts.grant.sub != token.sub:
        raise BearerError(401, "invalid_token", "The access token was revoked.")
    client = op.clients.get(token.client_id)
    settings = op.parts.settings
    if settings.userinfo_acr or settings.userinfo_max_age is not None:
        require_authentication(settings, facts.grant)
    names = claim_names(" ".join(token.scopes), facts.grant.claims)
    section = parse_claims_parameter(facts.grant.claims).sections.get("userinfo") if facts.grant.claims else None
    if not names and not section:
        return client, {"sub": facts.grant.sub}
    attributes = unseal(op.parts.vault, facts.grant.resident_id, facts.attributes)
    verified = verified_claims(op, facts.grant.resident_id, attributes, section) if section else {}
    return client, {"sub": facts.grant.sub, **claim_values(attributes, names), **verified}
