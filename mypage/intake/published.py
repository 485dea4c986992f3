"""GET /api/v1/schemas/: the JSON Schema (2020-12) of every event type, made from the shapes that are enforced."""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson
from flask import Blueprint, Response

from idp import Caller, called_by, parts, problem_response

from .examples import EXAMPLES
from .types import TYPES

bp = Blueprint("schemas", __name__)


@cache
def schema_of(name: str, issuer: str) -> dict[str, Any]:
    """The schema of one whole event, `data` included."""
    schema = TYPES[name].shape.model_json_schema()
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"{issuer}/api/v1/schemas/{name}.json"}
    return {**head, **schema, "examples": [EXAMPLES[name]]}


@bp.get("/api/v1/schemas/")
@called_by(Caller.ANYONE)
def index() -> Response:
    """`{"schemas": [{"type", "scope", "schema"}]}`"""
    issuer = parts().settings.issuer
    found = [
        {"type": t.name, "scope": t.scope, "schema": f"{issuer}/api/v1/schemas/{t.name}.json"} for t in TYPES.values()
    ]
    return _json({"schemas": found}, "application/json")


@bp.get("/api/v1/schemas/<name>.json")
@called_by(Caller.ANYONE)
def schema(name: str) -> Response:
    """The schema of one event type."""
    if name not in TYPES:
        return problem_response(404, "unknown_type", "This event type does not exist.", allowed=list(TYPES))
    return _json(schema_of(name, parts().settings.issuer), "application/schema+json")


def _json(value: Any, content_type: str) -> Response:
    headers = {"Cache-Control": "public, max-age=3600", "Access-Control-Allow-Origin": "*"}
    return Response(orjson.dumps(value), content_type=content_type, headers=headers)
