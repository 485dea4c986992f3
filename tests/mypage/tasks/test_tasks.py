"""Tasks from departments."""

from __future__ import annotations

from datetime import timedelta

import pytest

from idp.front.storage import clock
from mypage.tasks.read import list_tasks
from tests.mypage.city import City


def shown(city: City, resident_id: str, open_only: bool = True):
    with city.app.app_context(), city.parts.database.read() as session:
        return list_tasks(session, resident_id, open_only=open_only)


def test_a_task_opens_and_closes(city: City):
    hanako = city.resident()
    action = {"kind": "form", "label": {"ja": "始める"}, "url": "https://kodomo.example/f"}
    city.send(city.task(hanako, "T-1", 1, body={"ja": "説明"}, due="2026-12-01", action=action))
    (task,) = shown(city, hanako)
    assert (task.title["ja"], task.body, task.derived) == ("届出", {"ja": "説明"}, False)
    assert task.action is not None
    assert task.action.label == {"ja": "始める"}
    assert city.statuses([city.event("task.closed", "T-1", 2, {"result": "done"})]) == ["accepted"]
    assert shown(city, hanako) == []
    assert [t.state for t in shown(city, hanako, open_only=False)] == ["done"]


@pytest.mark.parametrize("data", [{}, {"result": "lost"}, {"result": None}])
def test_closing_says_how(city: City, data):
    assert city.statuses([city.event("task.closed", "T-1", 2, data)]) == ["invalid_event"]


def test_another_department_cannot_close_it(city: City):
    hanako = city.resident()
    city.send(city.task(hanako, "T-1", 1))
    closed = city.event("task.closed", "T-1", 2, {"result": "done"}, "fukushi")
    assert city.statuses([closed], "fukushi") == ["held"]
    assert len(shown(city, hanako)) == 1


def test_another_residents_name_does_not_close_it(city: City):
    hanako, taro = city.resident(), city.resident()
    city.send(city.task(hanako, "T-1", 1))
    closed = city.event("task.closed", "T-1", 2, {"result": "done", "resident": city.named(taro)})
    assert city.statuses([closed]) == ["resident_mismatch"]
    assert city.statuses([city.task(taro, "T-1", 3)]) == ["resident_mismatch"]


def test_opened_again(city: City):
    hanako = city.resident()
    events = [
        city.task(hanako, "T-1", 1),
        city.event("task.closed", "T-1", 2, {"result": "expired"}),
        city.task(hanako, "T-1", 3),
    ]
    assert city.statuses(events) == ["accepted"] * 3
    (task,) = shown(city, hanako)
    assert (task.state, task.closed_at) == ("open", None)


def test_what_is_due_first_stands_first_and_days_are_counted_in_the_city(city: City):
    hanako = city.resident()
    today = clock.now().astimezone(clock.CITY_ZONE).date()
    dues = {"T-late": -2, "T-today": 0, "T-soon": 3}
    city.statuses(
        [city.task(hanako, "T-never")]
        + [
            city.task(hanako, name, due=(today + timedelta(days=days)).isoformat())
            for name, days in reversed(dues.items())
        ]
    )
    assert [t.days_left for t in shown(city, hanako)] == [-2, 0, 3, None]
