"""The published schemas say what is enforced."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from mypage.families import event_types
from tests.mypage.city import ISSUER, City


def schema_at(city: City, name: str) -> dict[str, Any]:
    answer = city.app.test_client().get(f"/api/v1/schemas/{name}.json")
    assert answer.status_code == 200
    assert answer.content_type == "application/schema+json"
    return answer.json


def test_the_index_names_every_type_and_its_scope(small_city: City):
    found = small_city.app.test_client().get("/api/v1/schemas/").json["schemas"]
    assert {entry["type"]: entry["scope"] for entry in found} == {
        "jp.machi.case.status.v1": "case:write",
        "jp.machi.notice.published.v1": "notice:write",
        "jp.machi.notice.withdrawn.v1": "notice:write",
        "jp.machi.task.opened.v1": "task:write",
        "jp.machi.task.closed.v1": "task:write",
    }
    for entry in found:
        assert schema_at(small_city, entry["type"])["$id"] == entry["schema"]


def test_an_unknown_schema(small_city: City):
    assert small_city.app.test_client().get("/api/v1/schemas/jp.machi.nothing.v1.json").status_code == 404


@pytest.mark.parametrize("name", list(event_types()))
def test_schema_and_example_fit_each_other_and_the_door(small_city: City, name: str):
    schema = schema_at(small_city, name)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(event_types()[name].example, schema, jsonschema.Draft202012Validator)
    hanako = small_city.resident()
    event = event_types()[name].example | {"source": small_city.source("kodomo")}
    if "resident" in event["data"]:
        event["data"] = event["data"] | {"resident": small_city.named(hanako)}
    assert small_city.statuses([event]) == ["accepted" if event_types()[name].begins else "held"]


@pytest.mark.parametrize(
    "data",
    [
        {"phase": "action_required"},
        {"phase": "decided", "outcome": "rejected"},
        {"phase": "approved"},
        {"phase": "draft", "label": {"en": "x"}},
        {"phase": "draft", "expected_by": "tomorrow"},
        {"phase": "draft", "more": 1},
        {"phase": "draft", "actions": [{"kind": "form", "label": {"ja": "x"}, "url": "javascript:x"}]},
    ],
)
def test_what_the_door_refuses_the_schema_refuses(small_city: City, data: dict[str, Any]):
    schema = schema_at(small_city, "jp.machi.case.status.v1")
    event = small_city.event(
        "case.status", "K-1", 1, {"resident": {"format": "iss_sub", "iss": ISSUER, "sub": "x"}, **data}
    )
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(event))
    assert small_city.send(event).json["title"] in ("invalid_event", "unknown_phase")
