"""GET /api/v1/openapi.json: OpenAPI 3.1, made from the routes and the shapes that are enforced.

What OpenID Connect discovery or an RFC describes is not in it: the endpoints in `/.well-known/openid-configuration`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import orjson
from flask import Blueprint, Flask, Response, current_app
from pydantic import TypeAdapter

from ..context import parts
from .callers import Caller, called_by
from .openapi import Media, Operation, Problem, ResponseSpec, described, operation_of

bp = Blueprint("openapi", __name__)

VERSION = "3.1.1"
_PART = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")
_TOKEN = "access_token"
# RFC 6750 §3, RFC 9110 §10.2.3
_CHALLENGE = {"WWW-Authenticate": {"description": "Which token is needed.", "schema": {"type": "string"}}}
_RETRY = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}}}
_HEADERS: dict[int, dict[str, Any]] = {401: _CHALLENGE, 403: _CHALLENGE, 429: _RETRY, 503: _RETRY}


@bp.get("/api/v1/openapi.json")
@called_by(Caller.ANYONE)
@described(
    Operation(
        "getDescription",
        "This document.",
        {200: ResponseSpec("OpenAPI 3.1.", {"application/json": Media(dict[str, Any])})},
    )
)
def openapi() -> Response:
    """The same for everybody, until the product changes."""
    app = current_app
    kept = app.extensions.get("machi_openapi")
    if kept is None:
        kept = app.extensions["machi_openapi"] = orjson.dumps(document(app, parts().settings.issuer))
    headers = {"Cache-Control": "public, max-age=3600", "Access-Control-Allow-Origin": "*"}
    return Response(kept, content_type="application/json", headers=headers)


def operations(app: Flask) -> Iterator[tuple[str, str, Operation]]:
    """Path (as OpenAPI writes it), method and operation of every described route, in the order of the paths."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if (operation := operation_of(app.view_functions[rule.endpoint])) is not None:
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield _PART.sub(r"{\1}", rule.rule), method.lower(), operation


def document(app: Flask, issuer: str) -> dict[str, Any]:
    """The whole document."""
    found = list(operations(app))
    shapes = _Shapes([operation for _, _, operation in found])
    paths: dict[str, Any] = {}
    for path, method, operation in found:
        paths.setdefault(path, {})[method] = _operation(operation, shapes)
    scopes = {scope: text for _, _, operation in found for scope, text in operation.scopes.items()}
    flow = {"tokenUrl": f"{issuer}/token", "scopes": scopes}
    about = "Endpoints of OpenID Connect and OAuth are in the discovery document, /.well-known/openid-configuration."
    return {
        "openapi": VERSION,
        "info": {"title": "Machi ID", "version": "1", "description": about},
        "servers": [{"url": issuer}],
        "paths": paths,
        "components": {
            "schemas": shapes.definitions,
            "securitySchemes": {
                _TOKEN: {
                    "type": "oauth2",
                    "description": f"A token of the client's own, asked for with resource={issuer}/api/v1.",
                    "flows": {"clientCredentials": flow},
                }
            },
        },
    }


class _Shapes:
    """The schemas of all bodies, made together so that each shape stands in `components` once."""

    def __init__(self, operations: list[Operation]) -> None:
        medias = [media for operation in operations for media in _medias(operation)]
        inputs = [(id(media), "validation", TypeAdapter(media.shape)) for media in medias]
        inputs.append((0, "validation", TypeAdapter(Problem)))
        found, rest = TypeAdapter.json_schemas(inputs, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
        self._schemas = {key: schema for (key, _), schema in found.items()}
        self.definitions: dict[str, Any] = rest.get("$defs", {})

    def content(self, content: Mapping[str, Media]) -> dict[str, Any]:
        """The `content` member of a body or an answer."""
        return {kind: self._media(media) for kind, media in content.items()}

    def problem(self, codes: tuple[str, ...]) -> dict[str, Any]:
        known = {"properties": {"title": {"enum": list(codes)}}}
        return {"application/problem+json": {"schema": {"allOf": [self._schemas[0], known]}}}

    def _media(self, media: Media) -> dict[str, Any]:
        shown: dict[str, Any] = {"schema": self._schemas[id(media)]}
        if media.examples:
            shown["examples"] = {name: {"value": value} for name, value in media.examples.items()}
        return shown


def _medias(operation: Operation) -> Iterator[Media]:
    yield from operation.body.values()
    for answer in operation.answers.values():
        yield from answer.content.values()


def _operation(operation: Operation, shapes: _Shapes) -> dict[str, Any]:
    shown: dict[str, Any] = {"operationId": operation.name, "summary": operation.summary}
    if operation.path:
        shown["parameters"] = [
            {"name": name, "in": "path", "required": True, "description": text, "schema": {"type": "string"}}
            for name, text in operation.path.items()
        ]
    if operation.body:
        shown["requestBody"] = {"required": True, "content": shapes.content(operation.body)}
    answers: dict[str, Any] = {}
    for status, answer in operation.answers.items():
        answers[str(status)] = {"description": answer.description}
        if answer.content:
            answers[str(status)]["content"] = shapes.content(answer.content)
    for status, codes in operation.problems.items():
        answers[str(status)] = {"description": HTTPStatus(status).phrase, "content": shapes.problem(codes)}
        if status in _HEADERS:
            answers[str(status)]["headers"] = _HEADERS[status]
    shown["responses"] = dict(sorted(answers.items()))
    if operation.scopes:
        shown["security"] = [{_TOKEN: [scope]} for scope in operation.scopes]
    return shown
