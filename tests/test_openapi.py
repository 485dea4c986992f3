"""The published description is the product: every route, every example and every error in it is tried."""

from __future__ import annotations

import ast
import json
import re
import shutil
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from sqlalchemy import update
from werkzeug.test import TestResponse

from idp.foundation import clock
from idp.foundation.web.callers import Caller, caller_of
from idp.foundation.web.openapi import operation_of
from idp.oidc.register_client import CityOptions
from idp.oidc.tokens import make_access_token
from idp.residents.model import SubjectIdentifier
from idp.residents.subjects import subject_of
from mypage.intake.answer import BATCH, SEND, SINGLE
from mypage.intake.examples import EXAMPLES
from tests.conftest import sqlite_copy
from tests.support.apps import App
from tests.support.fapi import DpopKey
from tests.support.town import Town

ROOT = Path(__file__).resolve().parents[1]
ISSUER = "https://id.city.example"
SOURCE = "https://childcare.city.example"
PROBLEM = "application/problem+json"
EVENTS, GRANT = "/api/v1/events", "/grants/{managed_id}"
VERBS = {"get": "query", "delete": "revoke"}
SCOPES = "case:write notice:write task:write"
# What a browser opens or is sent to, and what a standard puts at a fixed place.
PAGES = {"/", "/static/{package}/{path}", "/authorize", "/logout"}
BY_STANDARD = {"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/.well-known/webfinger"}
# RFC 7592 §3: its address comes with the registration.
WITH_REGISTRATION = {"/register/{client_id}"}


class Department:
    """The department of the examples, whose resident is the one that they name."""

    def __init__(self, town: Town) -> None:
        self.town = town
        options = CityOptions(client_id="childcare", event_source=SOURCE)
        grants = ["authorization_code", "client_credentials"]
        scope = f"openid profile {SCOPES} grant_management_query grant_management_revoke"
        self.app: App = town.register(options, grant_types=grants, scope=scope)
        resident_id = town.resident()
        with town.writing() as session:
            sub = subject_of(session, resident_id, "app1.example")
        self.sub: str = EXAMPLES["jp.machi.case.status.v1"]["data"]["resident"]["sub"]
        town.change(update(SubjectIdentifier).where(SubjectIdentifier.sub == sub).values(sub=self.sub))
        self.document: dict[str, Any] = town.app.test_client().get("/api/v1/openapi.json").json
        self._tokens: dict[str, str] = {}

    def token(self, scope: str = SCOPES) -> str:
        if scope not in self._tokens:
            form = {"grant_type": "client_credentials", "scope": scope, "resource": f"{ISSUER}/api/v1"}
            self._tokens[scope] = self.app.post("/token", form).json["access_token"]
        return self._tokens[scope]

    def send(self, body: Any, kind: str | None = None, scope: str = SCOPES, **headers: str) -> TestResponse:
        """POST an event (dict), a batch (list) or bytes."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        default = BATCH if isinstance(body, list) else SINGLE
        given = {"Authorization": f"Bearer {self.token(scope)}"} | headers
        return self.town.app.test_client().post(EVENTS, data=raw, content_type=kind or default, headers=given)

    def event(self, name: str = "case.status", /, data: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
        """An example with an id of its own, changed."""
        event = EXAMPLES[f"jp.machi.{name}.v1"]
        key = f"{event['subject']}-{json.dumps([changes, data])}"[:120]
        return {**event, "id": key, "subject": key, **changes, "data": event["data"] | (data or {})}

    def operation(self, path: str, method: str) -> dict[str, Any]:
        found: dict[str, Any] = self.document["paths"][path][method]
        return found

    def validate(self, value: Any, media: dict[str, Any]) -> None:
        """`value` fits the schema of a body or an answer."""
        schema = {**media["schema"], "components": self.document["components"]}
        jsonschema.validate(value, schema, jsonschema.Draft202012Validator)

    def check(self, answer: TestResponse, path: str, method: str) -> TestResponse:
        """The answer is one that the document tells of, header for header."""
        told = self.operation(path, method)["responses"][str(answer.status_code)]
        if answer.data:
            self.validate(answer.json, told["content"][answer.mimetype])
        else:
            assert "content" not in told
        return answer


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
"""The part of the OpenAPI 3.1 specification (§4.8) that the document uses, with nothing beside it."""


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
    discovery = app.test_client().get("/.well-known/openid-configuration").json
    discovered = {v.removeprefix(ISSUER) for v in discovery.values() if isinstance(v, str) and v.startswith(ISSUER)}
    discovered |= PAGES | BY_STANDARD | WITH_REGISTRATION | {"/session/check"}
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
        answer = on_grant(department, method, department.token(f"grant_management_{VERBS[method]}"), grant_id)
        assert answer.status_code == status


def on_grant(department: Department, method: str, token: str, grant_id: str = "x", **more: Any) -> TestResponse:
    headers = {"Authorization": f"Bearer {token}"} | more.pop("headers", {})
    client = department.town.app.test_client()
    answer = client.open(GRANT.format(managed_id=grant_id), method=method.upper(), headers=headers, **more)
    return department.check(answer, GRANT, method)


# every refusal it tells of ---------------------------------------------------------------------------------------------------


def refusals() -> set[tuple[int, str]]:
    """What the code of my page can refuse."""
    found = set()
    for path in (ROOT / "mypage").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("RefusedError", "problem_response"):
                values = [a.value for a in node.args[:2] if isinstance(a, ast.Constant)]
                if len(values) == 2:
                    found.add((values[0], values[1]))
    return found


def test_no_refusal_is_left_out() -> None:
    told = {(status, code) for status, codes in SEND.problems.items() for code in codes}
    from_the_token = {(400, "invalid_request"), *((401, code) for code in SEND.problems[401])}
    elsewhere = {(404, "unknown_type"), (503, "no_stream_left")}  # of the schemas, and of a person's page
    assert refusals() == (told - from_the_token) | elsewhere


def bound_token(department: Department, key: DpopKey) -> str:
    form = {"grant_type": "client_credentials", "scope": SCOPES, "resource": f"{ISSUER}/api/v1"}
    headers = {"DPoP": key.proof("POST", f"{ISSUER}/token")}
    app = department.app
    token: str = app.post("/token", form, headers=headers, auth=(app.client_id, str(app.secret))).json["access_token"]
    return token


def reused_id(department: Department) -> TestResponse:
    event = department.event(subject="RE")
    department.send(event)
    return department.send({**event, "subject": "other"})


def another_resident(department: Department) -> TestResponse:
    event = department.event(subject="RM")
    department.send(event)
    jiro = department.town.resident("jiro")
    with department.town.writing() as session:
        sub = subject_of(session, jiro, "app1.example")
    resident = {"format": "iss_sub", "iss": ISSUER, "sub": sub}
    return department.send(department.event(data={"resident": resident}, subject="RM", sequence=f"{8:020d}"))


def completed_case(department: Department) -> TestResponse:
    department.send(department.event(data={"phase": "completed"}, subject="CC"))
    return department.send(department.event(subject="CC", sequence=f"{8:020d}"))


def person(**resident: str) -> dict[str, Any]:
    return {"resident": resident}


def in_two_ways(department: Department) -> TestResponse:
    return department.send(b"access_token=x", "application/x-www-form-urlencoded")


def unproven(department: Department) -> TestResponse:
    token = bound_token(department, DpopKey())
    return department.send({}, Authorization=f"DPoP {token}")


Act = Callable[[Department], TestResponse]
REFUSED: dict[tuple[int, str], Act] = {
    (400, "invalid_request"): in_two_ways,
    (400, "malformed_json"): lambda d: d.send(b"{"),
    (400, "malformed_batch"): lambda d: d.send({}, BATCH),
    (401, "no_token"): lambda d: d.send({}, Authorization=""),
    (401, "invalid_token"): lambda d: d.send({}, Authorization="Bearer x"),
    (401, "invalid_request"): lambda d: d.send({}, Authorization="Basic x"),
    (401, "invalid_dpop_proof"): unproven,
    (403, "insufficient_scope"): lambda d: d.send(d.event(), scope="task:write"),
    (403, "foreign_source"): lambda d: d.send(d.event(source="https://other.example")),
    (403, "local_numbers_not_allowed"): lambda d: d.send(d.event(data=person(format="local_number", number="12"))),
    (409, "id_reused"): reused_id,
    (413, "too_large"): lambda d: d.send(b" " * (256 * 1024 + 1)),
    (413, "event_too_large"): lambda d: d.send([d.event(padding="x" * 256 * 1024)]),
    (413, "batch_too_large"): lambda d: d.send([{}] * 501),
    (415, "unsupported_media_type"): lambda d: d.send({}, "application/json"),
    (422, "invalid_event"): lambda d: d.send(d.event(data={"more": 1})),
    (422, "unknown_type"): lambda d: d.send(d.event(type="jp.machi.nothing.v1")),
    (422, "unknown_phase"): lambda d: d.send(d.event(data={"phase": "approved"})),
    (422, "my_number_refused"): lambda d: d.send(d.event(data={"receipt_number": "123456789018"})),
    (422, "foreign_issuer"): lambda d: d.send(
        d.event(data=person(format="iss_sub", iss="https://x.example", sub=d.sub))
    ),
    (422, "unknown_resident"): lambda d: d.send(d.event(data=person(format="iss_sub", iss=ISSUER, sub="nobody"))),
    (422, "resident_mismatch"): another_resident,
    (422, "first_event_incomplete"): lambda d: d.send(d.event(data={"received_at": None})),
    (422, "reopen_required"): completed_case,
}
ELSEWHERE = {
    (401, "use_dpop_nonce"),
    (429, "too_many_requests"),
    (503, "unavailable"),
}
"""These need an instance of their own; the tests after this table."""


def test_every_refusal_has_its_trial() -> None:
    assert set(REFUSED) | ELSEWHERE == {(status, code) for status, codes in SEND.problems.items() for code in codes}


@pytest.mark.parametrize(("status", "code"), list(REFUSED))
def test_every_refusal_really_occurs(department: Department, status: int, code: str) -> None:
    answer = department.check(REFUSED[status, code](department), EVENTS, "post")
    if answer.status_code == 202:  # one that a batch carries in its line
        problem = answer.json["results"][0]["problem"]
        assert (problem["status"], problem["title"]) == (status, code)
        department.validate(problem, department.operation(EVENTS, "post")["responses"][str(status)]["content"][PROBLEM])
    else:
        assert (answer.status_code, answer.json["title"]) == (status, code)
    if (status, code) == (403, "insufficient_scope") or answer.status_code == 401:
        assert "WWW-Authenticate" in answer.headers


def test_a_body_in_chunks_does_not_get_around_the_limit(department: Department) -> None:
    body = BytesIO(b" " * (256 * 1024 + 1))
    headers = {"Authorization": f"Bearer {department.token()}", "Transfer-Encoding": "chunked"}
    answer = department.town.app.test_client().post(
        EVENTS,
        input_stream=body,
        content_type=SINGLE,
        headers=headers,
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert (department.check(answer, EVENTS, "post").status_code, answer.json["title"]) == (413, "too_large")


def test_the_nonce_of_dpop(template: tuple[Path, Any]) -> None:
    key = DpopKey()
    with sqlite_copy(template[0]) as url, Town(url, issuer=ISSUER, dpop_nonce_required=True) as town:
        department, confirmation = Department(town), {"jkt": key.jkt}
        token = make_access_token(
            town.settings,
            town.op.keys,
            client_id="childcare",
            sub="childcare",
            scope=SCOPES,
            audience=[f"{ISSUER}/api/v1"],
            grant_id=None,
            now=clock.epoch(),
            confirmation=confirmation,
        )
        proof = key.proof("POST", f"{ISSUER}{EVENTS}", token)
        answer = department.send({}, Authorization=f"DPoP {token}", DPoP=proof)
        assert department.check(answer, EVENTS, "post").status_code == 401
        assert answer.json["title"] == "use_dpop_nonce"
        assert answer.headers["DPoP-Nonce"]


def test_too_many_requests(template: tuple[Path, Any]) -> None:
    with sqlite_copy(template[0]) as url, Town(url, issuer=ISSUER) as town:
        town.app.config["INTAKE_RATE"] = "1/minute"
        department = Department(town)
        department.send([])
        answer = department.check(department.send([]), EVENTS, "post")
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) >= 1


def test_a_database_that_is_away(template: tuple[Path, Any], tmp_path: Path) -> None:
    folder = tmp_path / "there"
    folder.mkdir()
    shutil.copyfile(template[0], folder / "c.db")
    with Town(f"sqlite:///{folder}/c.db", issuer=ISSUER) as town:
        department = Department(town)
        department.send(department.event())  # the client is known from now on
        town.parts.database.engine.dispose()
        folder.rename(tmp_path / "gone")
        answer = department.check(department.send(department.event(subject="K-2")), EVENTS, "post")
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) >= 1
        (tmp_path / "gone").rename(folder)


@pytest.mark.parametrize("method", ["get", "delete"])
def test_refusals_of_the_grant_management_api(department: Department, method: str) -> None:
    form = "application/x-www-form-urlencoded"
    good = department.token(f"grant_management_{VERBS[method]}")
    bound = bound_token(department, DpopKey())
    answers = [
        on_grant(department, method, good, data="access_token=x", content_type=form),
        on_grant(department, method, "", headers={"Authorization": ""}),
        on_grant(department, method, "x"),
        on_grant(department, method, "", headers={"Authorization": "Basic x"}),
        on_grant(department, method, "", headers={"Authorization": f"DPoP {bound}"}),
        on_grant(department, method, department.token()),
        on_grant(department, method, good),
    ]
    assert [(a.status_code, a.json["title"]) for a in answers] == [
        (400, "invalid_request"),
        (401, "no_token"),
        (401, "invalid_token"),
        (401, "invalid_request"),
        (401, "invalid_dpop_proof"),
        (403, "insufficient_scope"),
        (404, "unknown_grant"),
    ]
    assert all("WWW-Authenticate" in a.headers for a in answers if a.status_code in (401, 403))
