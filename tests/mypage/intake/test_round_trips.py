"""What an event costs the database: a handful of statements, whatever it is about, and no more for a batch or for many to be told."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable

import pytest

from tests.mypage.city import City
from tests.support.statements import Counter

# One reads, one writes; the locks go with the beginning, and the fourth is the commit.
FOUR = ["QUERY", "EXECUTE", "EXECUTE", "QUERY"]

Event = Callable[[City, str, int], dict]


def case(city: City, resident_id: str, number: int) -> dict:
    return city.case(resident_id, f"K-{number}", 1)


def turn(city: City, resident_id: str, number: int) -> dict:
    """A case that brings a notice and a task with it."""
    return city.case(resident_id, f"K-{number}", 1, "action_required")


def notice(city: City, resident_id: str, number: int) -> dict:
    return city.notice(resident_id, f"N-{number}")


def task(city: City, resident_id: str, number: int) -> dict:
    return city.task(resident_id, f"T-{number}")


def correction(city: City, resident_id: str, number: int) -> dict:
    """Of what is on the page already."""
    assert city.send(notice(city, resident_id, number)).status_code == 202
    return city.notice(resident_id, f"N-{number}", 2)


def paper(city: City, resident_id: str, number: int) -> dict:
    return city.case(resident_id, f"P-{number}", 1, resident={"format": "opaque", "id": f"paper-{number}"})


def sent(city: City, counter: Counter, body: object) -> list[str]:
    answer, statements = counter.of(lambda: city.send(body))
    assert answer.status_code == 202
    assert all(line["status"] in ("accepted", "held") for line in answer.json["results"])
    return statements


@pytest.mark.parametrize("make", [case, turn, notice, task, correction, paper])
def test_one_event(counter: Counter, database_url: str, make: Event):
    with City(database_url) as city:
        hanako = city.resident()
        city.send(make(city, hanako, 1))  # what is prepared once for a connection
        statements = sent(city, counter, make(city, hanako, 2))
        if city.parts.database.sqlite:
            tally = Tally(statements)
            assert (tally["BEGIN"], tally["COMMIT"]) == (1, 1)
            assert tally["SELECT"] <= 6
            assert tally["INSERT"] + tally["UPDATE"] <= 6
        else:
            assert statements == FOUR


def test_a_batch_costs_postgresql_the_statements_of_one(counter: Counter, postgresql_url: str):
    with City(postgresql_url) as city:
        residents = [city.resident() for _ in range(4)]
        for start in (0, 100):
            events = [turn(city, residents[n % 4], n) for n in range(start, start + 60)]
            events += [notice(city, residents[n % 4], n) for n in range(start, start + 40)]
            statements = sent(city, counter, events)
        assert statements == FOUR


def test_telling_of_fifteen_events_costs_what_one_costs(counter: Counter, database_url: str):
    with City(database_url) as city:
        hanako = city.resident()

        def told(numbers: range) -> list[str]:
            for number in numbers:
                city.send(notice(city, hanako, number))
            taken, statements = counter.of(lambda: city.parts.worker.run_once(100))
            assert taken == len(numbers)
            return statements

        told(range(1))
        one, fifteen = told(range(1, 2)), told(range(10, 25))
        # The lease is one statement with many rows: SQLite's trace names each.
        assert len([s for s in fifteen if s != "UPDATE"]) == len([s for s in one if s != "UPDATE"])
        if not city.parts.database.sqlite:
            assert fifteen == one


def test_nothing_is_read_or_written_for_a_token_that_is_not_one(counter: Counter, database_url: str):
    with City(database_url) as city:
        event = case(city, city.resident(), 1)
        sent(city, counter, case(city, city.resident(), 2))  # keys are read once
        headers = {"Authorization": "Bearer nonsense"}
        answer, statements = counter.of(
            lambda: city.app.test_client().post("/api/v1/events", json=event, headers=headers)
        )
        assert answer.status_code == 401
        assert statements == []
