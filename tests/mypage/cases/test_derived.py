"""What my page makes of a case by itself: the resident's turn as a task, and notices."""

from __future__ import annotations

from typing import Any

import pytest

from mypage.navigation import counts
from mypage.notices.read import NoticeDetail, get_notice, list_notices
from mypage.tasks.read import TaskRow, list_tasks
from tests.mypage.city import City

REASON = {"ja": "口座の写しが必要です", "en": "We need a copy of your bank book"}


def tasks_of(city: City, resident_id: str, open_only: bool = True) -> list[TaskRow]:
    with city.app.app_context(), city.parts.database.read() as session:
        return list_tasks(session, resident_id, open_only=open_only)


def notices_of(city: City, resident_id: str) -> list[NoticeDetail]:
    with city.app.app_context(), city.parts.database.read() as session:
        found = [get_notice(session, resident_id, row.notice_id) for row in list_notices(session, resident_id).rows]
    return [notice for notice in found if notice is not None]


def test_the_residents_turn_is_a_task_and_a_notice(city: City):
    hanako = city.resident()
    action = {"kind": "upload", "label": {"ja": "送る"}, "url": "https://kodomo.example/u", "due": "2026-12-20"}
    asked = city.case(
        hanako, "K-1", 1, "action_required", waiting_on="resident", reason=REASON, act_by="2026-12-25", actions=[action]
    )
    city.send(asked)
    (task,) = tasks_of(city, hanako)
    assert "Child allowance" in task.title["en"]
    assert "児童手当" in task.title["ja"]
    assert task.body == REASON
    assert (str(task.due), task.derived, task.state) == ("2026-12-25", True, "open")
    assert task.action is not None
    assert (task.action.kind, task.action.url) == ("upload", "https://kodomo.example/u")
    (notice,) = notices_of(city, hanako)
    assert (notice.kind, notice.importance, notice.derived) == ("request", "normal", True)
    assert "Child allowance" in notice.title["en"]
    assert "bank book" in notice.body["en"]
    assert "口座" in notice.body["ja"]
    assert notice.related_case_id == task.case_id is not None
    with city.parts.database.read() as session:
        found = counts(session, hanako)
    assert (found["notices"], found["tasks"]) == (1, 1)


@pytest.mark.parametrize(
    ("phase", "state"),
    [
        ("in_review", "done"),
        ("decided", "done"),
        ("on_hold", "done"),
        ("withdrawn", "cancelled"),
        ("expired", "expired"),
    ],
)
def test_the_task_closes_when_the_case_moves_on(city: City, phase: str, state: str):
    hanako = city.resident()
    city.send(city.case(hanako, "K-1", 1, "action_required"))
    city.send(city.case(hanako, "K-1", 2, phase))
    assert tasks_of(city, hanako) == []
    (task,) = tasks_of(city, hanako, open_only=False)
    assert task.state == state
    assert task.closed_at is not None


def test_asked_again_is_one_task_with_the_new_words(city: City):
    hanako = city.resident()
    city.send(city.case(hanako, "K-1", 1, "action_required"))
    before = tasks_of(city, hanako)[0]
    city.send(city.case(hanako, "K-1", 2, "action_required", reason={"ja": "印鑑も必要です"}))
    (task,) = tasks_of(city, hanako)
    assert (task.task_id, task.body) == (before.task_id, {"ja": "印鑑も必要です"})
    assert len(notices_of(city, hanako)) == 2


def test_your_turn_twice_is_two_tasks_even_within_one_batch(city: City):
    hanako = city.resident()
    phases = ["action_required", "in_review", "action_required", "in_review", "action_required"]
    assert city.statuses([city.case(hanako, "K-1", n, p) for n, p in enumerate(phases, 1)]) == ["accepted"] * 5
    assert sorted(t.state for t in tasks_of(city, hanako, open_only=False)) == ["done", "done", "open"]
    city.statuses([city.case(hanako, "K-1", 6, "in_review"), city.case(hanako, "K-1", 7, "action_required")])
    assert sorted(t.state for t in tasks_of(city, hanako, open_only=False)) == ["done", "done", "done", "open"]


def test_somebody_elses_turn_is_no_task(city: City):
    hanako = city.resident()
    city.send(city.case(hanako, "K-1", 1, "action_required", waiting_on="third_party"))
    assert tasks_of(city, hanako) == []
    assert notices_of(city, hanako) == []


@pytest.mark.parametrize(("notify", "importance"), [("auto", "normal"), ("urgent", "high")])
def test_a_result_is_a_notice(city: City, notify: str, importance: str):
    hanako = city.resident()
    city.send(city.case(hanako, "K-1", 1, "decided", outcome="rejected", reason=REASON, notify=notify))
    (notice,) = notices_of(city, hanako)
    assert (notice.kind, notice.importance) == ("decision", importance)
    assert "not approved" in notice.body["en"]
    assert "bank book" in notice.body["en"]


@pytest.mark.parametrize("phase", ["action_required", "decided"])
def test_silent_means_no_notice_but_still_a_task(city: City, phase: str):
    hanako = city.resident()
    city.send(city.case(hanako, "K-1", 1, phase, notify="silent"))
    assert notices_of(city, hanako) == []
    assert len(tasks_of(city, hanako)) == (phase == "action_required")


def test_nothing_new_is_no_second_notice(city: City):
    hanako = city.resident()
    for n in (1, 2):
        city.send(city.case(hanako, "K-1", n, "decided", outcome="approved", expected_by=f"2026-12-0{n}"))
    assert len(notices_of(city, hanako)) == 1


def test_a_stale_event_derives_nothing(city: City):
    hanako = city.resident()
    city.send(city.case(hanako, "K-1", 2, "in_review"))
    city.send(city.case(hanako, "K-1", 1, "action_required"))
    assert (tasks_of(city, hanako), notices_of(city, hanako)) == ([], [])


def test_a_percent_sign_in_a_procedure_is_text(city: City):
    hanako = city.resident()
    procedure: dict[str, Any] = {"code": "x", "title": {"ja": "50%(割引)s券"}}
    city.send(city.case(hanako, "K-1", 1, "decided", procedure=procedure))
    (notice,) = notices_of(city, hanako)
    assert "50%(割引)s券" in notice.title["ja"]
