"""Reading cases: only one's own, filtered, and with few statements however many there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import event

from idp.front.storage import clock
from mypage.cases.read import get_case, list_cases, recent, silent_departments
from mypage.navigation import counts
from mypage.notices.read import list_notices
from mypage.tasks.read import list_tasks
from tests.mypage.city import City


@contextmanager
def statements(city: City) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_rest):
        if statement.lstrip().upper().startswith("SELECT"):
            seen.append(statement)

    event.listen(city.parts.database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(city.parts.database.engine, "before_cursor_execute", note)


def test_fifty_cases_and_two_hundred_notices_take_a_handful_of_statements(city: City):
    hanako = city.resident()
    city.statuses([city.case(hanako, f"K-{n}", 1, "action_required" if n % 5 == 0 else "in_review") for n in range(30)])
    city.statuses([city.case(hanako, f"F-{n}", 1, client_id="fukushi") for n in range(20)], "fukushi")
    city.statuses([city.notice(hanako, f"N-{n}") for n in range(194)])
    with city.app.app_context(), city.parts.database.read() as session, statements(city) as seen:
        cases = list_cases(session, hanako)
        notices = list_notices(session, hanako, limit=200)
        tasks = list_tasks(session, hanako)
        numbers = counts(session, hanako)
    assert (cases.total, len(cases.rows), notices.total, len(notices.rows), len(tasks)) == (50, 50, 200, 200, 6)
    assert (numbers["notices"], numbers["tasks"]) == (200, 6)
    assert len(seen) <= 9
    assert {d: f.count for d, f in cases.departments.items()} == {"kodomo": 30, "fukushi": 20}
    assert cases.phases == {"in_review": 44, "action_required": 6}


def test_a_batch_of_five_hundred_takes_few_statements_whatever_it_holds(small_city: City):
    """One resident, so that what is counted is intake itself."""
    city = small_city
    hanako = city.resident()
    city.statuses([city.case(hanako, f"K-{n}", 1) for n in range(250)])
    batch = [city.case(hanako, f"K-{n}", 2) for n in range(500)]
    city.send([])  # authentication's own look-ups are cached now
    with statements(city) as seen:
        assert set(city.statuses(batch)) == {"accepted"}
    assert len(seen) <= 12


def test_filters(city: City):
    hanako = city.resident()
    city.statuses(
        [
            city.case(hanako, "K-1", 1, "in_review", receipt_number="R-100%"),
            city.case(hanako, "K-2", 1, "completed"),
            city.case(
                hanako, "K-3", 1, "withdrawn", procedure={"code": "h", "title": {"ja": "保育園", "en": "Nursery"}}
            ),
        ]
    )
    city.statuses([city.case(hanako, "F-1", 1, "in_review", client_id="fukushi")], "fukushi")
    with city.app.app_context(), city.parts.database.read() as session:
        assert list_cases(session, hanako).total == 2
        assert list_cases(session, hanako, archived=True).total == 2
        assert list_cases(session, hanako, archived=None).total == 4
        assert [r.phase for r in list_cases(session, hanako, phase="completed").rows] == ["completed"]
        filtered = list_cases(session, hanako, department="fukushi")
        assert (filtered.total, len(filtered.rows), set(filtered.departments)) == (1, 1, {"kodomo", "fukushi"})
        for query, found in [
            ("ｎＵＲsery", 1),
            ("保育", 1),
            ("r-100%", 1),
            ("100_", 0),
            ("%", 1),
            ("K-2", 1),
            ("なし", 0),
        ]:
            assert list_cases(session, hanako, archived=None, query=query).total == found, query
        assert len(list_cases(session, hanako, archived=None, limit=1, offset=3).rows) == 1
        assert len(recent(session, hanako, limit=3)) == 3


def test_another_residents_case_does_not_exist(city: City):
    """Keycloak CVE-2026-4636: objects of others by their id."""
    hanako, taro = city.resident(), city.resident()
    city.send(city.case(hanako, "K-1", 1))
    with city.app.app_context(), city.parts.database.read() as session:
        case_id = list_cases(session, hanako).rows[0].case_id
        assert get_case(session, taro, case_id) is None
        assert list_cases(session, taro).total == 0


def test_departments_that_hold_the_turn_and_say_nothing(city: City):
    hanako = city.resident()
    city.send(city.case(hanako, "K-1", 1, "in_review"))
    city.send(city.case(hanako, "F-1", 1, "action_required", client_id="fukushi"), "fukushi")
    with city.app.app_context(), city.parts.database.read() as session:
        assert silent_departments(session, hanako) == []
        with clock.travelled(timedelta(days=15)):
            silent = silent_departments(session, hanako)
    assert [name["ja"] for name, _ in silent] == ["こども家庭課"]
