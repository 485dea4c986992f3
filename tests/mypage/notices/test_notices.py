"""Notices from departments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from idp.foundation.outbox import OutboxRow
from idp.front.storage import clock
from mypage.notices.open import acknowledge, mark_opened
from mypage.notices.read import get_notice, list_notices
from tests.mypage.city import City


def shown(city: City, resident_id: str, **how):
    with city.app.app_context(), city.parts.database.read() as session:
        return list_notices(session, resident_id, **how)


def stamp(delta: timedelta) -> str:
    return (datetime.now(UTC) + delta).isoformat(timespec="milliseconds")


def test_a_notice_appears_at_its_time_and_disappears_at_its_end(city: City):
    hanako = city.resident()
    later = city.notice(
        hanako,
        "N-1",
        publish_at=stamp(timedelta(hours=1)),
        more={"expirytime": stamp(timedelta(hours=3)), "time": stamp(timedelta(0))},
    )
    assert city.statuses([later]) == ["accepted"]
    assert shown(city, hanako).total == 0
    with city.parts.database.read() as session:
        due = session.scalar(select(func.max(OutboxRow.due_at)))
    assert due is not None
    assert due > clock.now() + timedelta(minutes=59)
    with clock.travelled(timedelta(hours=2)):
        (row,) = shown(city, hanako).rows
        assert row.expires_at is not None
    with clock.travelled(timedelta(hours=4)):
        assert shown(city, hanako).total == 0
        with city.app.app_context(), city.parts.database.read() as session:
            assert get_notice(session, hanako, row.notice_id) is None


def test_an_end_before_the_beginning_is_refused(city: City):
    event = city.notice(city.resident(), "N-1", more={"expirytime": "2026-05-11T09:30:00+09:00"})
    assert city.statuses([event]) == ["invalid_event"]


def test_a_withdrawn_notice_disappears_and_a_newer_one_brings_it_back(city: City):
    hanako = city.resident()
    city.send(city.notice(hanako, "N-1", 1))
    assert city.statuses([city.event("notice.withdrawn", "N-1", 2, {})]) == ["accepted"]
    assert shown(city, hanako).total == 0
    assert city.statuses([city.notice(hanako, "N-1", 1), city.notice(hanako, "N-1", 3)]) == ["stale", "accepted"]
    assert shown(city, hanako).total == 1


def test_a_correction_keeps_that_it_was_opened(city: City):
    hanako = city.resident()
    city.send(city.notice(hanako, "N-1", 1))
    notice_id = shown(city, hanako).rows[0].notice_id
    with city.parts.database.write() as session:
        assert mark_opened(session, hanako, notice_id) is True
    city.send(city.notice(hanako, "N-1", 2, title={"ja": "訂正"}))
    (row,) = shown(city, hanako).rows
    assert (row.title, row.opened_at is not None) == ({"ja": "訂正"}, True)


def test_opening_and_acknowledging(city: City):
    hanako, taro = city.resident(), city.resident()
    city.statuses([city.notice(hanako, "N-1", requires_ack=True), city.notice(hanako, "N-2")])
    ids = {row.requires_ack: row.notice_id for row in shown(city, hanako).rows}
    with city.parts.database.write() as session:
        assert mark_opened(session, taro, ids[False]) is False
        assert acknowledge(session, taro, ids[True]) is False
        assert acknowledge(session, hanako, ids[False]) is False
        assert acknowledge(session, hanako, ids[True]) is True
        assert acknowledge(session, hanako, ids[True]) is False
    rows = {row.notice_id: row for row in shown(city, hanako).rows}
    assert rows[ids[True]].acknowledged_at is not None
    assert rows[ids[True]].opened_at is not None
    assert rows[ids[False]].opened_at is None
    assert [r.notice_id for r in shown(city, hanako, unread=True).rows] == [ids[False]]
    assert [r.notice_id for r in shown(city, hanako, unread=False).rows] == [ids[True]]


def test_filters(city: City):
    hanako = city.resident()
    city.statuses(
        [
            city.notice(hanako, "N-1", importance="high", title={"ja": "税の通知"}),
            city.notice(hanako, "N-2", kind="emergency"),
            city.notice(hanako, "N-3", requires_ack=True),
            city.notice(hanako, "N-4", body={"ja": "ＡＢＣ本文"}),
        ]
    )
    found = shown(city, hanako)
    assert (found.total, found.unread) == (4, 4)
    assert shown(city, hanako, important=True).total == 3
    assert shown(city, hanako, important=False).total == 1
    assert shown(city, hanako, query="税").total == 1
    assert shown(city, hanako, query="abc").total == 1


def test_the_related_case_is_linked_only_within_department_and_resident(city: City):
    hanako, taro = city.resident(), city.resident()
    city.statuses([city.notice(hanako, "N-1", related_case="K-1"), city.notice(taro, "N-2", related_case="K-1")])
    city.statuses([city.notice(hanako, "N-1", client_id="fukushi", related_case="K-1")], "fukushi")
    city.statuses([city.case(hanako, "K-1", 1)])
    linked = {row.client_id: row.related_case_id for row in shown(city, hanako).rows}
    assert linked["kodomo"] is not None
    assert linked["fukushi"] is None
    assert shown(city, taro).rows[0].related_case_id is None
