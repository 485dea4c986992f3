"""Several writers at once: nothing counts twice, nothing is lost, nobody waits for ever."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import func, select

from idp.front.storage import clock
from mypage.cases.model import Case, CaseEvent
from mypage.intake import forget_receipts
from mypage.intake.model import EventReceipt
from tests.mypage.city import City


def test_the_same_event_from_many_senders_counts_once(city: City):
    event = city.case(city.resident(), "K-1", 1)
    city.token("kodomo")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: city.send(event), range(16)))
    assert [a.status_code for a in answers] == [202] * 16
    found = [a.json["results"][0]["status"] for a in answers]
    assert sorted(found) == ["accepted"] + ["duplicate"] * 15


def test_one_id_for_two_subjects_at_once(city: City):
    hanako = city.resident()
    one, other = city.case(hanako, "K-1", 1), city.case(hanako, "K-2", 1)
    other["id"] = one["id"]
    city.token("kodomo")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: city.send(one if n % 2 else other).status_code, range(12)))
    assert set(answers) == {202, 409}
    with city.parts.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Case)) == 1


def test_batches_about_the_same_cases_at_once_lose_nothing(city: City):
    hanako = city.resident()
    batches = [[city.case(hanako, f"K-{k}", n) for k in range(6)] for n in range(1, 9)]
    for batch in batches[::2]:
        batch.reverse()
    city.token("kodomo")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(city.send, batches))
    assert {a.status_code for a in answers} == {202}
    with city.parts.database.read() as session:
        assert {c.sequence for c in session.scalars(select(Case))} == {f"{8:020d}"}
        assert session.scalar(select(func.count()).select_from(CaseEvent)) == 48


def test_receipts_are_kept_for_ninety_days(city: City):
    event = city.case(city.resident(), "K-1", 1)
    city.send(event)

    def forget() -> int:
        with city.parts.database.write() as session:
            return forget_receipts(session, keep=timedelta(0))

    with clock.travelled(timedelta(days=89)):
        assert forget() == 0
    with clock.travelled(timedelta(days=91)):
        assert forget() == 1
    with city.parts.database.read() as session:
        assert session.scalar(select(func.count()).select_from(EventReceipt)) == 0
