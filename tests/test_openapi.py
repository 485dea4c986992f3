"""The published description is the product: every route and every example in it is tried. Errors: `test_openapi_refusals.py`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from idp.foundation.web.callers import Caller, caller_of
from idp.foundation.web.openapi import operation_of
from mypage.intake.answer import BATCH, SINGLE
from tests.conftest import sqlite_copy
from tests.support.department import EVENTS, ISSUER, VERBS, Department
from tests.support.town import Town

# What a browser opens or is sent to, and what a standard puts at a fixed place.
PAGES = {"/", "/static/{package}/{path}", "/apps/{client_id}/logo/{digest}", "/authorize", "/logout"}
BY_STANDARD = {
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/.well-known/webfinger",
    "/.well-known/ssf-configuration",
}
# RFC 7592 §3: its address comes with the registration.
WITH_REGISTRATION = {"/register/{client_id}"}
# OpenID SSF §6.1.2: the address to poll comes with the stream.
WITH_STREAM = {"/ssf/poll/{stream_id}"}


@pytest.fixture(scope="module")
def department(template: tuple[Path, Any]) -> Iterator[Department]:
    with sqlite_copy(template[0]) as url, Town(url, issuer=ISSUER) as town:
        yield Department(town)


# the document ------------------------------------------------------------------------------------------------------------

_TEXTS = {"description": {"type": "string", "minLength": 1}, "summary": {"type": "string", "minLength": 1}}
_CONTENT = {
    "type": "object",
    "minProperties": 1,
    "propertyNames": {"pattern": "^[a-z]+/[a-z.+-]+$"},
    "additionalProperties": {
        "type": "object",
        "required": ["schema"],
        "properties": {
            "schema": {"type": "object"},
            "examples": {"additionalProperties": {"required": ["value"], "additionalProperties": True}},
        },
        "additionalProperties": False,
    },
}
_OPERATION = {
    "type": "object",
    "required": ["operationId", "summary", "responses"],
    "properties": {
        **_TEXTS,
        "operationId": {"pattern": "^[a-zA-Z]+$"},
        "parameters": {
            "items": {
                "required": ["name", "in", "required", "schema"],
                "properties": {"in": {"const": "path"}, "required": {"const": True}},
            }
        },
        "requestBody": {"required": ["content"], "properties": {"content": _CONTENT, "required": {"type": "boolean"}}},
        "responses": {
            "minProperties": 1,
            "patternProperties": {
                "^[1-5][0-9][0-9]$": {
                    "required": ["description"],
                    "properties": {**_TEXTS, "content": _CONTENT, "headers": {"type": "object"}},
                    "additionalProperties": False,
                }
            },
            "additionalProperties": False,
        },
        "security": {"type": "array", "minItems": 1},
    },
    "additionalProperties": False,
}
STRUCTURE = {
    "type": "object",
    "required": ["openapi", "info", "paths", "components"],
    "properties": {
        "openapi": {"pattern": "^3\\.1\\.[0-9]+$"},
        "info": {"required": ["title", "version"]},
        "servers": {"items": {"required": ["url"]}},
        "paths": {
            "propertyNames": {"pattern": "^/"},
            "additionalProperties": {
                "propertyNames": {"enum": ["get", "post", "put", "delete"]},
                "additionalProperties": _OPERATION,
            },
        },
        "components": {"properties": {"schemas": {"type": "object"}, "securitySchemes": {"type": "object"}}},
    },
    "additionalProperties": False,
}
"""The part of OpenAPI 3.1 §4.8 that the document uses, with nothing beside it."""


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(inner)


def test_it_is_open_api_3_1(department: Department) -> None:
    document = department.document
    jsonschema.validate(document, STRUCTURE, jsonschema.Draft202012Validator)
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for node in nodes(document["paths"]):
        if "schema" in node:
            jsonschema.Draft202012Validator.check_schema(node["schema"])
    references = {node["$ref"] for node in nodes([document["paths"], schemas]) if "$ref" in node}
    assert references == {f"#/components/schemas/{name}" for name in schemas}  # none is missing, none is left over
    names = [node["operationId"] for node in nodes(document["paths"]) if "operationId" in node]
    assert len(names) == len(set(names))
    assert document["servers"] == [{"url": ISSUER}]
    flow = document["components"]["securitySchemes"]["access_token"]["flows"]["clientCredentials"]
    assert flow["tokenUrl"] == f"{ISSUER}/token"
    for path, item in document["paths"].items():
        for operation in item.values():
            parameters = {p["name"] for p in operation.get("parameters", [])}
            assert parameters == set(re.findall(r"\{(\w+)\}", path))
            assert all(set(s["access_token"]) <= set(flow["scopes"]) for s in operation.get("security", []))


def test_anybody_may_read_and_keep_it(department: Department) -> None:
    answer = department.town.app.test_client().get("/api/v1/openapi.json", headers={"Origin": "https://tool.example"})
    assert answer.content_type == "application/json"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert "Set-Cookie" not in answer.headers


def test_every_route_for_programs_is_in_it_or_discovered_otherwise(department: Department) -> None:
    app = department.town.app
    told = [
        app.test_client().get(f"/.well-known/{name}").json for name in ("openid-configuration", "ssf-configuration")
    ]
    addresses = {v for document in told for v in document.values() if isinstance(v, str)}
    discovered = {address.removeprefix(ISSUER) for address in addresses if address.startswith(ISSUER)}
    discovered |= PAGES | BY_STANDARD | WITH_REGISTRATION | WITH_STREAM | {"/session/check"}
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        if caller_of(app, rule.endpoint) in (Caller.ANYONE, Caller.CLIENT, Caller.BEARER) and path not in discovered:
            methods = {m.lower() for m in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
            assert methods <= set(department.document["paths"].get(path, {})), path


def test_no_route_of_a_person_s_browser_is_in_it(department: Department) -> None:
    app = department.town.app
    for rule in app.url_map.iter_rules():
        if operation_of(app.view_functions[rule.endpoint]) is not None:
            assert caller_of(app, rule.endpoint) in (Caller.ANYONE, Caller.CLIENT, Caller.BEARER), rule


# what it says is so --------------------------------------------------------------------------------------------------------


def test_every_example_fits_its_schema(department: Department) -> None:
    medias = [node for node in nodes(department.document["paths"]) if "examples" in node and "schema" in node]
    assert len(medias) == 4
    for media in medias:
        for example in media["examples"].values():
            department.validate(example["value"], media)


@pytest.mark.parametrize("kind", [SINGLE, BATCH])
def test_every_example_of_an_event_is_taken_as_it_stands(department: Department, kind: str) -> None:
    examples = department.operation(EVENTS, "post")["requestBody"]["content"][kind]["examples"]
    for example in examples.values():
        answer = department.check(department.send(example["value"], kind), EVENTS, "post")
        assert answer.status_code == 202
        assert {line["status"] for line in answer.json["results"]} <= {"accepted", "held", "duplicate"}


def test_the_lines_of_a_mixed_batch(department: Department) -> None:
    new = department.event(subject="MIX")
    early = department.event("task.closed", subject="MIX-T")
    jump = department.event(subject="MIX", sequence=f"{9:020d}")
    late = department.event(subject="MIX", sequence=f"{8:020d}")
    answer = department.send([new, new, early, jump, late, {}, 7])
    lines = department.check(answer, EVENTS, "post").json["results"]
    statuses = ["accepted", "duplicate", "held", "accepted", "stale", "rejected", "rejected"]
    assert [line["status"] for line in lines] == statuses
    assert lines[3]["gap"] is True


def test_schemas_and_health(department: Department) -> None:
    client = department.town.app.test_client()
    listed = department.check(client.get("/api/v1/schemas/"), "/api/v1/schemas/", "get").json["schemas"]
    one = "/api/v1/schemas/{name}.json"
    for entry in listed:
        department.check(client.get(entry["schema"].removeprefix(ISSUER)), one, "get")
    assert department.check(client.get(one.format(name="x")), one, "get").status_code == 404
    department.check(client.get("/healthz"), "/healthz", "get")


def test_a_grant(department: Department) -> None:
    browser = department.town.signed_in("taro")
    grant_id = browser.tokens(department.app, grant_management_action="create")["grant_id"]
    for method, status in (("get", 200), ("delete", 204), ("get", 404), ("delete", 404)):
        answer = department.on_grant(method, department.token(f"grant_management_{VERBS[method]}"), grant_id)
        assert answer.status_code == status
