"""The department of the published examples, and what its OpenAPI document says about each answer that it gets."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
from sqlalchemy import update
from werkzeug.test import TestResponse

from idp.oidc.registration.register_client import CityOptions
from idp.residents.model import SubjectIdentifier
from idp.residents.subjects import subject_of
from mypage.families import event_types
from mypage.intake.answer import BATCH, SINGLE

from .apps import App
from .town import Town

ISSUER = "https://id.city.example"
SOURCE = "https://childcare.city.example"
EVENTS, GRANT = "/api/v1/events", "/grants/{managed_id}"
VERBS = {"get": "query", "delete": "revoke"}
SCOPES = "case:write notice:write task:write"


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
            sub = subject_of(session, resident_id, "host:app1.example")
        self.sub: str = event_types()["jp.machi.case.status.v1"].example["data"]["resident"]["sub"]
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
        event = event_types()[f"jp.machi.{name}.v1"].example
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

    def on_grant(self, method: str, token: str, grant_id: str = "x", **more: Any) -> TestResponse:
        """Ask about (get) or end (delete) one of its grants; the answer is checked against the document."""
        headers = {"Authorization": f"Bearer {token}"} | more.pop("headers", {})
        client = self.town.app.test_client()
        answer = client.open(GRANT.format(managed_id=grant_id), method=method.upper(), headers=headers, **more)
        return self.check(answer, GRANT, method)
