"""Whatever is sent, the answer is clear: never a 5xx."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mypage.families import event_types
from tests.mypage.city import BATCH, SINGLE, City

RELAXED = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
text = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)
names = [
    *("specversion", "id", "source", "type", "subject", "time", "sequence", "datacontenttype", "expirytime", "data"),
    *("phase", "resident", "procedure", "label", "reason", "outcome", "received_at", "expected_by", "steps", "contact"),
    *("actions", "documents", "channel", "notify", "reopened", "title", "body", "kind", "publish_at", "result", "due"),
]


@RELAXED
@given(body=st.binary(max_size=200), batch=st.booleans())
def test_any_bytes(small_city: City, body: bytes, batch: bool):
    assert small_city.send(body, content_type=BATCH if batch else SINGLE).status_code < 500


@RELAXED
@given(value=values, batch=st.booleans())
def test_any_json(small_city: City, value: Any, batch: bool):
    answer = small_city.send(orjson.dumps([value] if batch else value), content_type=BATCH if batch else SINGLE)
    assert answer.status_code < 500


@RELAXED
@given(name=st.sampled_from(names), value=values, kind=st.sampled_from(["case", "notice", "task"]))
def test_one_member_of_a_good_event_replaced(small_city: City, name: str, value: Any, kind: str):
    """Either it is refused or it is on the page, and the page can be read."""
    from mypage.cases.read import get_case, list_cases
    from mypage.notices.read import get_notice, list_notices
    from mypage.tasks.read import list_tasks

    city = small_city
    hanako = city.resident()
    event = getattr(city, kind)(hanako, f"S-{hanako}", 1)
    (event if name in event else event["data"])[name] = value
    answer = city.send(event)
    assert answer.status_code in (202, 403, 409, 422), answer.get_data(as_text=True)
    with city.app.app_context(), city.parts.database.read() as session:
        for row in list_cases(session, hanako, archived=None).rows:
            assert get_case(session, hanako, row.case_id) is not None
        for notice in list_notices(session, hanako).rows:
            assert get_notice(session, hanako, notice.notice_id) is not None
        list_tasks(session, hanako)


@pytest.mark.parametrize("kind", list(event_types()))
def test_every_type_survives_empty_data(small_city: City, kind: str):
    event = small_city.event("x", "S-1", 1, {}) | {"type": kind}
    assert small_city.send(event).status_code in (202, 422)
