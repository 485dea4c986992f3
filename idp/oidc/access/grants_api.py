"""Grant Management API: a client looks at and ends its own grants, with a token of its own (client_credentials)."""

from __future__ import annotations

from typing import Any, NotRequired

import orjson
from flask import Blueprint, Response
from typing_extensions import TypedDict

from ...foundation.web.callers import Caller, called_by
from ...foundation.web.errors import ProblemError, problem_response
from ...foundation.web.openapi import Media, Operation, ResponseSpec, described
from ..grants import end_managed_grant, live_grant
from ..grants.model import ManagedGrant
from ..server import NO_STORE, provider
from ..token_endpoint import TOKEN_PROBLEMS, bearer_client

bp = Blueprint("grants_api", __name__)

QUERY, REVOKE = "grant_management_query", "grant_management_revoke"


class GrantScope(TypedDict):
    """`resource`: the APIs (RFC 8707) it is for, if the app named any."""

    scope: str
    resource: NotRequired[list[str]]


class GrantShown(TypedDict):
    """What a grant holds (Grant Management §6.4)."""

    scopes: list[GrantScope]
    claims: NotRequired[list[str]]
    authorization_details: NotRequired[list[dict[str, Any]]]


_EXAMPLE: GrantShown = {"scopes": [{"scope": "openid profile"}], "claims": ["address"]}
_ID = {"managed_id": "The grant_id that came with the tokens."}
_PROBLEMS = {**TOKEN_PROBLEMS, 404: ("unknown_grant",)}
QUERY_GRANT = Operation(
    "queryGrant",
    "What one of the client's own grants holds now.",
    {200: ResponseSpec("The grant.", {"application/json": Media(GrantShown, {"a grant": _EXAMPLE})})},
    _PROBLEMS,
    path=_ID,
    scopes={QUERY: "Look at the client's own grants."},
)
REVOKE_GRANT = Operation(
    "revokeGrant",
    "End one of the client's own grants, and every token of it.",
    {204: ResponseSpec("It has ended.")},
    _PROBLEMS,
    path=_ID,
    scopes={REVOKE: "End the client's own grants."},
)


@bp.get("/grants/<managed_id>")
@called_by(Caller.BEARER)
@described(QUERY_GRANT)
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
@described(REVOKE_GRANT)
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


def _shown(row: ManagedGrant) -> GrantShown:
    scope: GrantScope = {"scope": row.scope}
    if row.resource:
        scope["resource"] = row.resource.split()
    shown: GrantShown = {"scopes": [scope]}
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
