"""A case as a timeline, and its dates as a calendar."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from flask_babel import Babel

from mypage.cases.calendar import FOLD, calendar_of
from mypage.cases.course import course_of
from mypage.cases.rows import CaseDetail, HistoryEntry, StepView

NOON = datetime(2026, 5, 1, 3, tzinfo=UTC)


def case(phase: str, *phases: str, **more: object) -> CaseDetail:
    history = [HistoryEntry(NOON + timedelta(days=i), p, {}, {}, late=False) for i, p in enumerate(phases)]
    empty = CaseDetail(
        case_id="c1", client_id="kodomo", department={}, procedure_title={"ja": "児童手当"}, receipt_number=None, phase=phase,
        label={}, channel=None, waiting_on=None, updated_at=NOON, received_at=NOON, expected_by=None, act_by=None, outcome=None,
        reason={}, steps=[], history=history, contact=None, actions=[], documents=[], last_heard_at=NOON, subject="A-1",
    )  # fmt: skip
    return replace(empty, **more)  # type: ignore[arg-type]


def told(case: CaseDetail) -> list[tuple[str, str | None]]:
    return [(station.state, station.phase) for station in course_of(case)]


def test_the_last_word_is_now_and_what_usually_follows_is_still_to_come() -> None:
    assert told(case("in_review", "received", "in_review")) == [
        ("done", "received"),
        ("current", "in_review"),
        ("upcoming", "decided"),
    ]
    assert told(case("received", "received")) == [
        ("current", "received"),
        ("upcoming", "in_review"),
        ("upcoming", "decided"),
    ]


@pytest.mark.parametrize("phase", ["completed", "withdrawn", "expired"])
def test_a_case_that_is_over_has_nothing_to_come(phase: str) -> None:
    assert told(case(phase, "received", phase)) == [("done", "received"), ("done", phase)]


def test_a_word_that_came_late_is_not_the_present() -> None:
    late = HistoryEntry(NOON, "received", {}, {}, late=True)
    assert told(case("decided", "decided", history=[HistoryEntry(NOON, "decided", {}, {}, late=False), late])) == [
        ("current", "decided")
    ]


def test_the_departments_own_steps_are_taken_as_they_are() -> None:
    states = ["done", "current", "upcoming"]
    steps = [StepView(state, {"ja": state}, state, None) for state in states]
    assert [station.state for station in course_of(case("in_review", "in_review", steps=steps))] == states


@pytest.fixture
def app() -> Flask:
    app = Flask("calendar")
    Babel(app)
    return app


def test_dates_become_all_day_events(app: Flask) -> None:
    with app.test_request_context():
        text = calendar_of(
            case("in_review", act_by=date(2026, 5, 31), expected_by=date(2026, 6, 15)), "Child allowance"
        )
    lines = text.split("\r\n")
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-2:] == ["END:VCALENDAR", ""]
    assert "DTSTART;VALUE=DATE:20260531" in lines
    assert "DTEND;VALUE=DATE:20260601" in lines
    assert text.count("BEGIN:VEVENT") == 2
    assert "SUMMARY:Due: Child allowance" in lines


def test_a_hostile_title_cannot_end_its_line_or_be_too_long(app: Flask) -> None:
    title = "a;b,c\\d\r\nEND:VCALENDAR\n" + "児童手当" * 40
    with app.test_request_context():
        text = calendar_of(case("in_review", act_by=date(2026, 5, 31)), title)
    assert text.count("\r\nEND:VCALENDAR") == 1
    assert all(len(line.encode()) <= FOLD + 2 for line in text.split("\r\n"))
    unfolded = text.replace("\r\n ", "")
    assert "SUMMARY:Due: a\\;b\\,c\\\\d\\nEND:VCALENDAR\\n児童手当" in unfolded
