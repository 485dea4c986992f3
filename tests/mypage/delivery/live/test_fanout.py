"""From the commit to the journal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from idp.foundation.journal import Entry, open_journal
from idp.foundation.outbox import Job, OutboxRow
from idp.front.storage import RetryLaterError
from idp.logins.sessions import end_sessions
from mypage.cases.read import list_cases
from mypage.delivery.live.words import open_words
from mypage.notices.alike import MANY
from mypage.notices.open import mark_opened
from mypage.notices.read import list_notices
from tests.mypage.city import City
from tests.support.ear import Ear
from tests.support.redis_servers import RedisServer
from tests.support.waiting import until


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path).start()
    yield server
    server.stop()


def told(city: City) -> list[Entry]:
    """What the delivery loop has to tell now."""
    ear = Ear()
    following = city.parts.journal.follow(ear)
    ear.entries.clear()
    city.parts.worker.run_once()
    following.close()
    return ear.entries


def test_an_accepted_event_is_told_to_its_resident_and_nobody_else(small_city: City):
    city = small_city
    hanako = city.resident()
    city.resident()
    city.send(city.case(hanako, "K-1", 1, "action_required"))
    (entry,) = told(city)
    with city.app.app_context(), city.parts.database.read() as session:
        case_id = list_cases(session, hanako).rows[0].case_id
    ((residents, fragments),) = entry["told"]
    assert residents == [hanako]
    assert set(fragments) == {"home", "cases", f"case:{case_id}", "tasks", "notices", "badges"}


def test_nothing_is_told_before_it_is_stored(small_city: City):
    city = small_city
    city.send(city.case(city.resident(), "K-1", 1, "nonsense"))
    assert told(city) == []


def test_one_batch_is_one_job_and_one_entry_however_many_residents(small_city: City):
    city = small_city
    residents = [city.resident() for _ in range(20)]
    city.statuses([city.notice(resident, f"N-{n}", 1) for n, resident in enumerate(residents)])
    with city.parts.database.read() as session:
        assert len(session.scalars(select(OutboxRow)).all()) == 1
    (entry,) = told(city)
    assert [sorted(one) for one, _ in entry["told"]] == [sorted(residents)]


def test_what_is_said_to_many_in_the_same_words_is_told_in_them_sealed(small_city: City):
    city = small_city
    residents = [city.resident() for _ in range(MANY)]
    city.statuses([city.notice(resident, f"N-{n}", 1) for n, resident in enumerate(residents)])
    other = city.resident()
    city.send(city.notice(other, "N-other", 1, title={"ja": "あなただけに"}))
    with_words, without = told(city)
    assert sorted(with_words["told"][0][0]) == sorted(residents)
    assert open_words(city.parts, with_words["words"]) == {
        "title": {"ja": "お知らせ", "en": "Notice"},
        "important": False,
    }
    assert "お知らせ" not in str(with_words)
    assert without == {"told": [[[other], with_words["told"][0][1]]]}


@pytest.mark.parametrize("differs", ["title", "body"])
def test_what_is_said_to_few_is_never_told_in_words(small_city: City, differs: str):
    """One letter of a batch may be about one person."""
    city = small_city
    for n in range(MANY + 5):
        own = {differs: {"ja": f"{n}番の方"}} if n >= MANY - 1 else {}
        city.send(city.notice(city.resident(), f"N-{n}", 1, **own))
    assert all("words" not in entry for entry in told(city))


@pytest.mark.parametrize("changed", ["postponed", "withdrawn", "expired"])
def test_what_is_not_on_the_pages_is_told_in_no_words(small_city: City, changed: str):
    """A correction may come before the first word was told: what is shown tomorrow is not said today."""
    city = small_city
    residents = [city.resident() for _ in range(MANY)]
    city.statuses([city.notice(resident, f"N-{n}", 1) for n, resident in enumerate(residents)])
    later: dict[str, Any] = {"publish_at": "2099-01-01T00:00:00+09:00", "title": {"ja": "明日から"}}
    over = {"more": {"expirytime": "2026-05-11T09:31:00+09:00"}}
    again = [
        city.event("notice.withdrawn", f"N-{n}", 2, {})
        if changed == "withdrawn"
        else city.notice(resident, f"N-{n}", 2, **(later if changed == "postponed" else over))
        for n, resident in enumerate(residents)
    ]
    assert set(city.statuses(again)) == {"accepted"}
    entries = told(city)
    assert {resident for entry in entries for one, _ in entry["told"] for resident in one} == set(residents)
    assert all("words" not in entry for entry in entries)


def test_opening_a_notice_is_told_to_the_other_pages(small_city: City):
    city = small_city
    hanako = city.resident()
    city.send(city.notice(hanako, "N-1"))
    city.parts.worker.run_once()
    with city.app.app_context(), city.parts.database.write() as session:
        mark_opened(session, hanako, list_notices(session, hanako).rows[0].notice_id)
    (entry,) = told(city)
    assert "badges" in entry["told"][0][1]


def test_the_end_of_a_login_is_told(small_city: City):
    city = small_city
    session_id, _ = city.sign_in(city.resident())
    with city.app.test_request_context(), city.parts.database.write() as session:
        end_sessions(session, [session_id], by="resident")
    assert told(city) == [{"ended": [session_id]}]


@pytest.mark.servers
def test_between_processes_over_redis(sqlite_url: str, redis_server: RedisServer):
    """The process that takes the event is not the one that holds the page."""
    with City(sqlite_url, redis_server.url) as city:
        hanako, ear = city.resident(), Ear()
        elsewhere = open_journal(redis_server.url).follow(ear)
        until(lambda: ear.begun)
        city.parts.worker.start()
        city.send(city.case(hanako, "K-1", 1))
        until(lambda: ear.entries and hanako in ear.entries[0]["told"][0][0])
        elsewhere.close()


@pytest.mark.servers
def test_redis_that_is_away_loses_no_event_and_delays_only_the_telling(sqlite_url: str, redis_server: RedisServer):
    with City(sqlite_url, redis_server.url) as city:
        event = city.case(city.resident(), "K-1", 1)
        city.token("kodomo")
        redis_server.stop()
        assert city.statuses([event]) == ["accepted"]
        handler = city.parts.worker._handlers["mypage.changed"]
        with pytest.raises(RetryLaterError):
            handler([Job(1, "mypage.changed", {"changes": [{"resident_id": "r", "fragments": ["home"]}]}, 0)])
        city.parts.worker.run_once()
        with city.parts.database.read() as session:
            (row,) = session.scalars(select(OutboxRow)).all()
        assert (row.attempts, row.gave_up) == (1, False)
