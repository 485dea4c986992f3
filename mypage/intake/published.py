"""GET /api/v1/schemas/: the JSON Schema (2020-12) of every event type, made from the shapes that are enforced."""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson
from flask import Blueprint, Response
from typing_extensions import TypedDict

from idp.front.resource_server import Media, Operation, ResponseSpec, described
from idp.front.storage import parts
from idp.front.web import Caller, called_by, problem_response

from ..families import event_types

bp = Blueprint("schemas", __name__)


class SchemaEntry(TypedDict):
    type: str
    scope: str
    schema: str


"""An event type, the scope it needs, and where its schema is."""


class SchemaList(TypedDict):
    """Every event type."""

    schemas: list[SchemaEntry]


LIST = Operation(
    "listSchemas", "The event types.", {200: ResponseSpec("Every type.", {"application/json": Media(SchemaList)})}
)
READ = Operation(
    "getSchema",
    "The JSON Schema (2020-12) of one event type.",
    {200: ResponseSpec("The schema of a whole event.", {"application/schema+json": Media(dict[str, Any])})},
    {404: ("unknown_type",)},
    path={"name": "The type, as jp.machi.case.status.v1."},
)


@cache
def schema_of(name: str, issuer: str) -> dict[str, Any]:
    """The schema of one whole event, `data` included."""
    kind = event_types()[name]
    schema = kind.shape.model_json_schema()
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"{issuer}/api/v1/schemas/{name}.json"}
    return {**head, **schema, "examples": [kind.example]}


@bp.get("/api/v1/schemas/")
@called_by(Caller.ANYONE)
@described(LIST)
def index() -> Response:
    """Types, scopes and addresses."""
    issuer = parts().settings.issuer
    found: list[SchemaEntry] = [
        {"type": t.name, "scope": t.scope, "schema": f"{issuer}/api/v1/schemas/{t.name}.json"}
        for t in event_types().values()
    ]
    body: SchemaList = {"schemas": found}
    return _json(body, "application/json")


@bp.get("/api/v1/schemas/<name>.json")
@called_by(Caller.ANYONE)
@described(READ)
def schema(name: str) -> Response:
    """The schema of one event type."""
    if name not in event_types():
        return problem_response(404, "unknown_type", "This event type does not exist.", allowed=list(event_types()))
    return _json(schema_of(name, parts().settings.issuer), "application/schema+json")


def _json(value: Any, content_type: str) -> Response:
    headers = {"Cache-Control": "public, max-age=3600", "Access-Control-Allow-Origin": "*"}
    return Response(orjson.dumps(value), content_type=content_type, headers=headers)
