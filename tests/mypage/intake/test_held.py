"""Events that wait for their resident, or for the event they belong to."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from mypage.cases.read import get_case, list_cases
from mypage.intake import HandleTakenError, attach_handle
from mypage.intake.model import HeldEvent
from mypage.notices.read import list_notices
from mypage.tasks.read import list_tasks
from tests.mypage.city import City

PAPER = {"format": "opaque", "id": "paper-17"}


def on_page(city: City, resident_id: str) -> tuple[int, int, int]:
    with city.app.app_context(), city.parts.database.read() as session:
        return (
            list_cases(session, resident_id, archived=None).total,
            list_notices(session, resident_id).total,
            len(list_tasks(session, resident_id)),
        )


def waiting(city: City) -> int:
    with city.parts.database.read() as session:
        return session.scalar(select(func.count()).select_from(HeldEvent)) or 0


def attach(city: City, resident_id: str, handle: str = "paper-17", client_id: str = "kodomo") -> int:
    with city.parts.database.write() as session:
        return attach_handle(session, client_id, handle, resident_id)


def test_a_paper_applicants_case_is_held_and_appears_when_claimed(city: City):
    hanako = city.resident()
    first = city.case(hanako, "P-1", 1, "received", resident=PAPER)
    second = city.event("case.status", "P-1", 2, {"phase": "in_review"})
    assert city.statuses([first]) == ["held"]
    assert city.statuses([second, city.notice(hanako, "N-1", resident=PAPER), first]) == ["held", "held", "duplicate"]
    assert on_page(city, hanako) == (0, 0, 0)
    assert attach(city, hanako) == 3
    assert on_page(city, hanako) == (1, 1, 0)
    assert waiting(city) == 0
    with city.app.app_context(), city.parts.database.read() as session:
        case = get_case(session, hanako, list_cases(session, hanako).rows[0].case_id)
    assert case is not None
    assert [(e.phase, e.late) for e in case.history] == [("received", False), ("in_review", False)]


def test_later_events_with_a_claimed_handle_go_straight_to_the_page(city: City):
    hanako = city.resident()
    attach(city, hanako)
    assert city.statuses([city.case(hanako, "P-1", 1, resident=PAPER)]) == ["accepted"]
    assert city.statuses([city.case(hanako, "P-1", 2, resident={"format": "opaque", "id": "other"})]) == ["accepted"]
    assert on_page(city, hanako)[0] == 1


def test_a_handle_is_claimed_once(city: City):
    hanako, taro = city.resident(), city.resident()
    attach(city, hanako)
    attach(city, hanako)
    with pytest.raises(HandleTakenError):
        attach(city, taro)


def test_a_handle_of_another_department_is_another_handle(city: City):
    hanako = city.resident()
    assert city.statuses([city.case(hanako, "P-1", 1, resident=PAPER)]) == ["held"]
    assert attach(city, hanako, client_id="fukushi") == 0
    assert on_page(city, hanako) == (0, 0, 0)


def test_held_events_in_any_order_end_in_the_highest_sequence(city: City):
    hanako = city.resident()
    events = [
        city.case(hanako, "P-1", n, p, resident=PAPER) for n, p in ((3, "decided"), (1, "received"), (2, "in_review"))
    ]
    assert city.statuses(events) == ["held"] * 3
    attach(city, hanako)
    with city.app.app_context(), city.parts.database.read() as session:
        assert list_cases(session, hanako).rows[0].phase == "decided"


def test_a_held_case_must_be_complete_too(city: City):
    event = city.case(city.resident(), "P-1", 1, resident=PAPER, procedure=...)
    assert city.statuses([event]) == ["first_event_incomplete"]
    assert waiting(city) == 0


def test_the_department_finds_out_itself_who_it_is(city: City):
    hanako = city.resident()
    assert city.statuses([city.case(hanako, "P-1", 1, "received", resident=PAPER)]) == ["held"]
    assert city.statuses(
        [city.event("case.status", "P-1", 2, {"phase": "in_review", "resident": city.named(hanako)})]
    ) == ["accepted"]
    assert on_page(city, hanako)[0] == 1
    assert waiting(city) == 0


@pytest.mark.parametrize("together", [True, False])
def test_a_notice_withdrawn_before_it_came_never_shows(city: City, together: bool):
    hanako = city.resident()
    withdrawn, published = city.event("notice.withdrawn", "N-1", 2, {}), city.notice(hanako, "N-1", 1)
    if together:
        assert city.statuses([withdrawn, published]) == ["held", "accepted"]
    else:
        assert city.statuses([withdrawn]) == ["held"]
        assert city.statuses([published]) == ["accepted"]
    assert on_page(city, hanako) == (0, 0, 0)
    assert waiting(city) == 0


def test_an_old_withdrawal_does_not_hide_a_newer_notice(city: City):
    hanako = city.resident()
    assert city.statuses([city.event("notice.withdrawn", "N-1", 1, {})]) == ["held"]
    assert city.statuses([city.notice(hanako, "N-1", 2)]) == ["accepted"]
    assert on_page(city, hanako)[1] == 1


def test_a_task_closed_before_it_came_is_closed(city: City):
    hanako = city.resident()
    assert city.statuses([city.event("task.closed", "T-1", 2, {"result": "done"}), city.task(hanako, "T-1", 1)]) == [
        "held",
        "accepted",
    ]
    assert on_page(city, hanako)[2] == 0


def test_what_waits_since_before_a_rule_still_comes_to_the_page(city: City):
    """It was answered with 202; the page shows no link where there is none."""
    hanako = city.resident()
    actions = [{"kind": "form", "label": {"ja": "開く"}, "url": "https://a.example/"}]
    assert city.statuses([city.case(hanako, "K-1", 1, resident=PAPER, actions=actions)]) == ["held"]
    with city.parts.database.write() as session:
        held = session.scalars(select(HeldEvent)).one()
        held.body = held.body.replace("https://a.example/", "https://[")
    with city.parts.database.write() as session:
        assert attach_handle(session, "kodomo", PAPER["id"], hanako) == 1
    assert on_page(city, hanako)[0] == 1


OTHER = {"format": "opaque", "id": "paper-18"}


def test_a_claim_brings_nobody_elses_events_whatever_number_they_have(city: City):
    """Departments number cases, notices and tasks each from 1: that the numbers are the same says nothing about whose they are."""
    hanako, taro = city.resident(), city.resident()
    events = [city.case(hanako, "17", 1, resident=PAPER), city.notice(taro, "17", 1, resident=OTHER)]
    assert city.statuses(events) == ["held", "held"]
    assert attach(city, hanako) == 1
    assert on_page(city, hanako) == (1, 0, 0)
    assert attach(city, taro, "paper-18") == 1
    assert on_page(city, taro) == (0, 1, 0)


@pytest.mark.parametrize("claimed", [False, True])
def test_a_case_that_waits_for_one_takes_no_event_about_another(city: City, claimed: bool):
    hanako, taro = city.resident(), city.resident()
    if claimed:
        attach(city, taro, "paper-18")
    assert city.statuses([city.case(hanako, "P-1", 1, resident=PAPER)]) == ["held"]
    assert city.statuses([city.case(taro, "P-1", 2, resident=OTHER)]) == ["resident_mismatch"]
    assert attach(city, hanako) == 1
    assert on_page(city, hanako) == (1, 0, 0)
    assert attach(city, taro, "paper-18") == 0
    assert on_page(city, taro) == (0, 0, 0)
