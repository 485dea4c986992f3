"""Whatever order a case's events come in, however often, the page ends in the state of the highest sequence."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from mypage.cases.detail import get_case
from mypage.cases.model import Case
from mypage.cases.phases import OUTCOMES, PHASES, WAITING_ON
from mypage.navigation import counts
from mypage.tasks.read import list_tasks
from tests.mypage.city import City

RELAXED = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
texts = st.dictionaries(st.sampled_from(["ja", "en"]), st.sampled_from(["あ", "b", "c c"]), min_size=1).map(
    lambda d: {"ja": "は", **d}
)
states = st.fixed_dictionaries(
    {"phase": st.sampled_from(PHASES), "reason": texts, "reopened": st.just(True)},
    optional={
        "label": texts,
        "outcome": st.sampled_from(OUTCOMES),
        "waiting_on": st.sampled_from(WAITING_ON),
        "act_by": st.sampled_from(["2026-12-01", "2027-02-28"]),
        "notify": st.sampled_from(["auto", "silent", "urgent"]),
    },
)


def shown(city: City, resident_id: str, subject: str) -> tuple[Any, ...]:
    with city.app.app_context(), city.parts.database.read() as session:
        case_id = session.scalar(select(Case.case_id).where(Case.subject == subject))
        case = get_case(session, resident_id, str(case_id))
        assert case is not None
        turns = [t for t in list_tasks(session, resident_id) if t.case_id == case_id]
        state = (case.phase, case.label, case.reason, case.outcome, case.waiting_on, str(case.act_by))
        return state, [e.phase for e in case.history], len(turns)


@RELAXED
@given(data=st.data())
def test_any_order_with_repetitions_ends_the_same(small_city: City, data: st.DataObject):
    city = small_city
    hanako = city.resident()
    subject = f"K-{hanako}"
    told = data.draw(st.lists(states, min_size=1, max_size=6))
    events = [city.case(hanako, subject, n * 7, **state) for n, state in enumerate(told, 1)]
    stream = data.draw(st.permutations(events + data.draw(st.lists(st.sampled_from(events), max_size=4))))
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=3).map(sorted))
    answers: list[str] = []
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        answers += city.statuses(stream[begin:end])
    last = told[-1]
    turn = last["phase"] == "action_required" and last.get("waiting_on", "resident") == "resident"
    assert shown(city, hanako, subject) == (
        (
            last["phase"],
            last.get("label", {}),
            last["reason"],
            last.get("outcome"),
            last.get("waiting_on"),
            str(last.get("act_by")),
        ),
        [state["phase"] for state in told],
        int(turn),
    )
    assert answers.count("duplicate") == len(stream) - len(events)
    assert set(answers) <= {"accepted", "stale", "duplicate"}


@RELAXED
@given(order=st.permutations([1, 2, 3, 4]), data=st.data())
def test_notices_and_tasks_too(small_city: City, order: list[int], data: st.DataObject):
    city = small_city
    hanako = city.resident()
    notice, task = f"N-{hanako}", f"T-{hanako}"
    gone = data.draw(st.lists(st.booleans(), min_size=4, max_size=4))
    notices, tasks = {}, {}
    for n, away in enumerate(gone, 1):
        notices[n] = city.event("notice.withdrawn", notice, n, {}) if away else city.notice(hanako, notice, n)
        tasks[n] = city.event("task.closed", task, n, {"result": "done"}) if away else city.task(hanako, task, n)
    for n in order:
        assert set(city.statuses([notices[n], tasks[n]])) <= {"accepted", "stale", "held"}
    with city.app.app_context(), city.parts.database.read() as session:
        found = counts(session, hanako)
    expected = 0 if gone[-1] else 1
    assert (found["notices"], found["tasks"]) == (expected, expected)


@pytest.mark.parametrize("together", [True, False])
def test_the_order_of_a_batch_is_the_order_of_its_array(city: City, together: bool):
    hanako = city.resident()
    events = [city.case(hanako, "K-1", n) for n in (2, 1, 3)]
    answers = city.statuses(events) if together else [city.statuses([e])[0] for e in events]
    assert answers == ["accepted", "stale", "accepted"]
