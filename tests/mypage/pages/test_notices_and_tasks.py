"""Notices are opened by being shown; tasks stand in the order of their dates."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from idp.front.storage import clock
from mypage.tasks.pages import by_date
from mypage.tasks.read import TaskRow
from tests.mypage.pages.conftest import Visit


def publish(visit: Visit, subject: str = "N-1", **data: object) -> str:
    answer = visit.city.send(visit.city.notice(visit.resident_id, subject, **data))
    assert answer.status_code == 202, answer.get_data(as_text=True)
    return re.findall(r'href="(/my/notices/[a-z0-9]+)"', visit.text("/my/notices"))[0]


def test_showing_a_notice_makes_it_read(hanako: Visit) -> None:
    way = publish(hanako)
    assert 'data-testid="badge-notices"' in hanako.text("/my/")
    assert "本文です" in hanako.text(way)
    assert 'data-testid="badge-notices"' not in hanako.text("/my/")
    assert hanako.text("/my/notices?show=unread").count('data-testid="notice-row"') == 0


def test_acknowledging_needs_the_button_once(hanako: Visit) -> None:
    way = publish(hanako, requires_ack=True)
    assert hanako.client.post(way + "/acknowledge").status_code == 400  # no CSRF token
    assert 'data-testid="notice-acknowledge"' in hanako.text(way)
    assert hanako.post(way + "/acknowledge", way).headers["Location"] == way
    assert 'data-testid="notice-acknowledge"' not in hanako.text(way)
    assert hanako.post(way + "/acknowledge", way).status_code == 303  # a second press does no harm


def test_another_residents_notice_can_neither_be_seen_nor_confirmed(hanako: Visit, taro: Visit) -> None:
    way = publish(hanako, requires_ack=True)
    assert taro.get(way).status_code == 404
    assert taro.post(way + "/acknowledge", "/my/").status_code == 404
    assert 'data-testid="notice-acknowledge"' in hanako.text(way)


def test_a_task_leads_to_the_department(hanako: Visit) -> None:
    due = (clock.now().astimezone(clock.CITY_ZONE) + timedelta(days=3)).date()
    action = {"kind": "form", "url": "https://kodomo.example/f", "label": {"ja": "現況届を出す"}}
    hanako.city.send(hanako.city.task(hanako.resident_id, "T-1", due=due.isoformat(), action=action))
    for page in ("/my/", "/my/tasks"):
        text = hanako.text(page)
        assert "あと3日" in text
        assert 'href="https://kodomo.example/f"' in text


def task(name: str, days_left: int | None) -> TaskRow:
    return TaskRow(name, "c", {}, {}, {}, None, days_left, None, None, "open", clock.now(), None, False)


@pytest.mark.parametrize(("days", "group"), [(-1, "late"), (0, "soon"), (7, "soon"), (8, "later"), (None, "undated")])
def test_a_task_is_in_the_group_of_its_date(days: int | None, group: str) -> None:
    assert [name for name, _ in by_date([task("a", days)])] == [group]


def test_tasks_stand_nearest_first_and_empty_groups_are_left_out() -> None:
    groups = by_date([task("d", None), task("b", 5), task("a", 1), task("c", 30)])
    assert [(name, [t.task_id for t in rows]) for name, rows in groups] == [
        ("soon", ["a", "b"]),
        ("later", ["c"]),
        ("undated", ["d"]),
    ]
