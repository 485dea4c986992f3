"""Grant Management API: a client looks at and ends its own grants, with a token of its own (client_credentials)."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response

from ..foundation.web.callers import Caller, called_by
from ..foundation.web.errors import ProblemError, problem_response
from .bearer import bearer_client
from .further_model import ManagedGrant
from .grant_management import end_managed_grant, live_grant
from .provider import NO_STORE, provider

bp = Blueprint("grants_api", __name__)

QUERY, REVOKE = "grant_management_query", "grant_management_revoke"


@bp.get("/grants/<managed_id>")
@called_by(Caller.BEARER)
def query(managed_id: str) -> Response:
    """What the grant holds now; 404 for one that is unknown, over or another client's."""
    try:
        client = bearer_client(QUERY)
    except ProblemError as error:
        return _refused(error)
    with provider().parts.database.read() as session:
        row = live_grant(session, client.client_id, managed_id)
    if row is None:
        return _unknown()
    return Response(orjson.dumps(_shown(row)), content_type="application/json", headers=NO_STORE)


@bp.delete("/grants/<managed_id>")
@called_by(Caller.BEARER)
def revoke(managed_id: str) -> Response:
    """End the grant and every token of it: 204."""
    try:
        client = bearer_client(REVOKE)
    except ProblemError as error:
        return _refused(error)
    with provider().parts.database.write() as session:
        row = live_grant(session, client.client_id, managed_id)
        if row is not None:
            end_managed_grant(session, row)
    return Response(status=204, headers=NO_STORE) if row is not None else _unknown()


def _shown(row: ManagedGrant) -> dict[str, Any]:
    scope: dict[str, Any] = {"scope": row.scope}
    if row.resource:
        scope["resource"] = row.resource.split()
    shown: dict[str, Any] = {"scopes": [scope]}
    if claims := orjson.loads(row.claims):
        shown["claims"] = claims
    if row.details:
        shown["authorization_details"] = orjson.loads(row.details)
    return shown


def _refused(error: ProblemError) -> Response:
    response = problem_response(error.status, error.code, error.detail)
    if challenge := error.members.get("www_authenticate"):
        response.headers["WWW-Authenticate"] = challenge
    return response


def _unknown() -> Response:
    return problem_response(404, "unknown_grant", "The grant is not known to this client, or is over.")
