"""The same event is known again by what is kept of it."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
import pytest
from sqlalchemy import update

from mypage.intake.model import EventReceipt
from tests.mypage.city import City

STEP = {"code": "a", "label": {"ja": "受付"}, "state": "done"}


def shuffled(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: shuffled(member) for name, member in reversed(value.items())}
    return value


@pytest.mark.parametrize(
    "change",
    [
        {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "x=y"},
        {"time": "2026-05-11T00:30:00Z"},
        {"time": "2026-05-11t09:30:00.000+09:00"},
        {"datacontenttype": "application/json; charset=utf-8"},
        {"datacontenttype": None, "dataschema": None, "traceparent": None},
        {"dataschema": "https://a.example/schema"},
    ],
)
def test_written_otherwise_it_is_a_duplicate(small_city: City, change: dict[str, Any]):
    event = small_city.case(small_city.resident(), "K-1", 1, steps=[STEP | {"at": "2026-05-01T10:00:00+09:00"}])
    assert small_city.statuses([event]) == ["accepted"]
    assert small_city.statuses([shuffled(event | change)]) == ["duplicate"]


@pytest.mark.parametrize(
    "nothing", [{"label": None}, {"steps": []}, {"notify": "auto"}, {"waiting_on": None, "reopened": False}]
)
def test_what_has_no_value_may_be_left_out(small_city: City, nothing: dict[str, Any]):
    event = small_city.case(small_city.resident(), "K-1", 1)
    again = event | {"data": event["data"] | nothing | {"received_at": "2026-05-01T01:00:00Z"}}
    assert small_city.statuses([event, again]) == ["accepted", "duplicate"]


@pytest.mark.parametrize(
    "change", [{"expected_by": None}, {"contact": None}, {"phase": "received"}, {"received_at": "2026-05-01T10:00:00Z"}]
)
def test_what_says_something_else_is_none(small_city: City, change: dict[str, Any]):
    event = small_city.case(small_city.resident(), "K-1", 1)
    assert small_city.statuses([event, event | {"data": event["data"] | change}]) == ["accepted", "id_reused"]


@pytest.mark.parametrize(
    "change", [{"subject": "K-2"}, {"sequence": f"{2:020d}"}, {"time": "2026-05-11T09:30:01+09:00"}]
)
def test_another_attribute_that_counts_is_another_event(small_city: City, change: dict[str, Any]):
    event = small_city.case(small_city.resident(), "K-1", 1)
    assert small_city.statuses([event, event | change]) == ["accepted", "id_reused"]


def test_a_receipt_of_an_earlier_version_still_knows_its_event(city: City):
    """It holds the digest of the event as it was sent."""
    event = city.case(city.resident(), "K-1", 1) | {"traceparent": "00-ab-cd-01"}
    assert city.statuses([event]) == ["accepted"]
    former = hashlib.sha256(orjson.dumps(event, option=orjson.OPT_SORT_KEYS)).hexdigest()
    with city.parts.database.write() as session:
        session.execute(update(EventReceipt).values(body_hash=former))
    assert city.statuses([shuffled(event)]) == ["duplicate"]
    assert city.statuses([event | {"subject": "K-9"}]) == ["id_reused"]


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON;charset=UTF-8", 'application/json ; charset="utf-8"', None]
)
def test_json_by_any_of_its_names(small_city: City, kind: str | None):
    event = small_city.case(small_city.resident(), "K-1", 1) | {"datacontenttype": kind}
    assert small_city.statuses([event]) == ["accepted"]


@pytest.mark.parametrize(
    "kind", ["application/json; charset=shift_jis", "text/json", "application/xml", "application/json;", ""]
)
def test_what_is_not_json_in_utf_8(small_city: City, kind: str):
    event = small_city.case(small_city.resident(), "K-1", 1) | {"datacontenttype": kind}
    assert small_city.statuses([event]) == ["invalid_event"]


@pytest.mark.parametrize("name", ["id", "source", "type", "subject", "sequence", "time", "specversion"])
def test_a_null_attribute_is_a_missing_one(small_city: City, name: str):
    """As if it were not there: what is needed is missed."""
    event = small_city.case(small_city.resident(), "K-1", 1)
    left_out = {key: value for key, value in event.items() if key != name}
    answers = [dict(small_city.send(sent).json or {}) for sent in (event | {name: None}, left_out)]
    assert len({answer.pop("reference") for answer in answers}) == 2  # each leads to its own line in the log
    assert answers[0] == answers[1]
    assert answers[0]["status"] in (403, 422)
