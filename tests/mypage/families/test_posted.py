"""The topic "posted", and channels that subscribe to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from idp.foundation.outbox import OutboxRow
from idp.front.storage import Parts, RetryLaterError, clock
from mypage.posted import Channel, Posted, subscribe, subscribed
from tests.mypage.city import City
from tests.mypage.delivery.live.test_fanout import told


class Letters:
    """A channel of this test: it wants what is important, and can be away."""

    def __init__(self) -> None:
        self.got: list[Posted] = []
        self.calls = 0
        self.away = False

    def wants(self, posting: Posted) -> Posted | None:
        items = tuple(item for item in posting.items if item.importance in ("high", "emergency"))
        return replace(posting, items=items) if items else None

    def deliver(self, instance: Parts, postings: Sequence[Posted]) -> None:
        self.calls += 1
        if self.away:
            raise RetryLaterError("the letter box is full")
        self.got.extend(postings)

    @property
    def items(self) -> list[tuple[str, str, str]]:
        return [(p.resident_id, i.family, i.importance) for p in self.got for i in p.items]


def channel(letters: Letters) -> Channel:
    return Channel("mypage.letters", letters.wants, letters.deliver)


def test_a_channel_gets_what_it_wants_of_what_was_posted(sqlite_url: str):
    letters = Letters()
    with subscribed(channel(letters)), City(sqlite_url) as city:
        hanako, taro = city.resident(), city.resident()
        events = [
            city.notice(hanako, "N-1", importance="high"),
            city.notice(hanako, "N-2", importance="low"),
            city.notice(taro, "N-3", kind="emergency"),
            city.task(taro, "T-1"),
            city.case(taro, "K-1", 1, "action_required", notify="urgent"),
            city.case(hanako, "K-2", 1, "action_required", notify="silent"),
        ]
        assert city.statuses(events) == ["accepted"] * 6
        city.parts.worker.run_once()
        assert letters.items == [(hanako, "notice", "high"), (taro, "notice", "emergency"), (taro, "notice", "high")]
        assert letters.calls == 1


def test_a_channel_that_is_away_holds_up_no_other(sqlite_url: str):
    letters = Letters()
    letters.away = True
    with subscribed(channel(letters)), City(sqlite_url) as city:
        hanako = city.resident()
        city.send(city.notice(hanako, "N-1", importance="high"))
        (entry,) = told(city)
        assert entry["told"] == [[[hanako], ("home", "notices", "badges")]]
        with city.parts.database.read() as session:
            (row,) = session.scalars(select(OutboxRow)).all()
        assert (row.topic, row.attempts, row.last_error) == ("mypage.letters", 1, "the letter box is full")
        letters.away = False
        with clock.travelled(timedelta(minutes=1)):
            city.parts.worker.run_once()
        assert letters.items == [(hanako, "notice", "high")]


def test_what_is_published_later_is_posted_then(sqlite_url: str):
    letters = Letters()
    with subscribed(channel(letters)), City(sqlite_url) as city:
        hanako = city.resident()
        later = (clock.now() + timedelta(hours=2)).isoformat()
        city.send(city.notice(hanako, "N-1", importance="high", publish_at=later))
        city.parts.worker.run_once()
        assert letters.items == []
        with clock.travelled(timedelta(hours=3)):
            city.parts.worker.run_once()
        assert letters.items == [(hanako, "notice", "high")]


def test_a_refused_event_posts_nothing(sqlite_url: str):
    letters = Letters()
    with subscribed(channel(letters)), City(sqlite_url) as city:
        hanako = city.resident()
        assert city.statuses([city.notice(hanako, "N-1", importance="high", act_by="soon")]) == ["invalid_event"]
        city.parts.worker.run_once()
        assert letters.calls == 0


def test_many_events_about_one_resident_are_one_message_to_their_pages(sqlite_url: str):
    """However many requests there were: their jobs are taken together."""
    with City(sqlite_url) as city:
        hanako = city.resident()
        for n in range(10):
            city.send(city.notice(hanako, f"N-{n}"))
        assert [entry["told"] for entry in told(city)] == [[[[hanako], ("home", "notices", "badges")]]]


def test_a_topic_has_one_channel():
    letters = Letters()
    with subscribed(channel(letters)), pytest.raises(ValueError, match="already"):
        subscribe(channel(letters))
