"""Activation codes under fire: what is counted and what is used up is decided in the database, also for many at once."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor

from sqlalchemy import func, select, text

from idp.residents.activation import codes_of
from idp.residents.claiming import ClaimResult
from idp.residents.model import ActivationCode, Ceremony, Resident
from tests.idp.residents.test_claiming import WRONG_DATES, Claim, use, use_in
from tests.support.people import BIRTH_DATES
from tests.support.town import Town
from tests.support.waiting import until

WRONG = "1989-04-13"


def beside(town: Town, first: tuple[str, str], second: tuple[str, str]) -> tuple[Claim, Claim]:
    """Two uses of codes at once: the second is under way before the first is committed, and waits for it."""
    begun = threading.Event()

    def other() -> Claim:
        begun.set()
        return use(town, *second)

    with ThreadPoolExecutor() as pool:
        with town.writing() as session:
            one = use_in(session, town, *first)
            waiting: Future[Claim] = pool.submit(other)
            assert begun.wait(10)
            if not town.parts.database.sqlite:  # SQLite lets one writer in at a time
                until(lambda: somebody_waits(town))
        return one, waiting.result(20)


def somebody_waits(town: Town) -> bool:
    with town.parts.database.read() as session:
        return bool(session.scalar(select(func.count()).select_from(text("pg_locks")).where(text("NOT granted"))))


def test_a_code_used_twice_at_once_is_used_once(any_town: Town) -> None:
    code, right = any_town.activation_code(), BIRTH_DATES["hanako"]
    one, two = beside(any_town, (code, right), (code, right))
    assert (one.result, two.result) == (ClaimResult.CLAIMED, ClaimResult.NO_MATCH)
    assert any_town.count(Ceremony) == 1


def test_two_codes_of_one_person_at_once_issue_one_unified_id(any_town: Town) -> None:
    codes, right = [any_town.activation_code() for _ in range(2)], BIRTH_DATES["hanako"]
    one, two = beside(any_town, (codes[0], right), (codes[1], right))
    assert (one.result, two.result) == (ClaimResult.CLAIMED, ClaimResult.KNOWN)
    assert len(any_town.events("resident_claimed")) == 1


def test_five_wrong_dates_void_a_code(any_town: Town) -> None:
    code, right = any_town.activation_code(), BIRTH_DATES["hanako"]
    assert [use(any_town, code, WRONG).result for _ in range(WRONG_DATES)] == [
        *[ClaimResult.WRONG_BIRTH_DATE] * (WRONG_DATES - 1),
        ClaimResult.VOID,
    ]
    assert use(any_town, code, right).result is ClaimResult.VOID
    assert any_town.count(Resident, Resident.claimed_at.is_not(None)) == 0
    voided = any_town.events("activation_code_voided")
    assert [event.resident_id for event in voided] == [any_town.rows(ActivationCode)[0].resident_id]


def test_wrong_dates_at_once_are_each_counted(any_town: Town) -> None:
    code, right = any_town.activation_code(), BIRTH_DATES["hanako"]
    ready = threading.Barrier(WRONG_DATES)

    def wrong(_: int) -> ClaimResult:
        ready.wait(10)
        return use(any_town, code, WRONG).result

    with ThreadPoolExecutor(WRONG_DATES) as pool:
        results = list(pool.map(wrong, range(WRONG_DATES)))
    assert any_town.rows(ActivationCode)[0].wrong_dates == WRONG_DATES
    assert results.count(ClaimResult.VOID) >= 1
    assert use(any_town, code, right).result is ClaimResult.VOID


def test_a_wrong_date_that_was_under_way_counts_first(any_town: Town) -> None:
    """The right date comes while the last wrong one is not yet committed."""
    code, right = any_town.activation_code(), BIRTH_DATES["hanako"]
    for _ in range(WRONG_DATES - 1):
        use(any_town, code, WRONG)
    one, two = beside(any_town, (code, WRONG), (code, right))
    assert (one.result, two.result) == (ClaimResult.VOID, ClaimResult.VOID)


def test_a_code_of_somebody_else_is_not_touched(town: Town) -> None:
    code, other = town.activation_code("hanako"), town.activation_code("taro")
    for _ in range(WRONG_DATES):
        use(town, code, WRONG)
    assert use(town, other, BIRTH_DATES["taro"]).result is ClaimResult.CLAIMED
    assert use(town, town.activation_code("hanako")).result is ClaimResult.CLAIMED


def test_a_used_code_counts_nothing(town: Town) -> None:
    code = town.activation_code()
    use(town, code)
    assert {use(town, code, WRONG).result for _ in range(WRONG_DATES + 1)} == {ClaimResult.NO_MATCH}
    assert town.rows(ActivationCode)[0].wrong_dates == 0


def test_staff_see_what_became_of_codes(town: Town) -> None:
    used, void = town.activation_code(), town.activation_code(channel="post")
    town.activation_code()
    use(town, used)
    for _ in range(WRONG_DATES):
        use(town, void, WRONG)
    resident_id = town.rows(ActivationCode)[0].resident_id
    with town.parts.database.read() as session:
        found = codes_of(session, resident_id, WRONG_DATES)
    assert (found[0].channel, found[0].state, found[0].wrong_dates) == ("post", "void", WRONG_DATES)
    assert sorted((code.state, code.wrong_dates) for code in found[1:]) == [("open", 0), ("used", 0)]


# on the page -----------------------------------------------------------------------------------------------------------


def test_the_page_says_what_to_do_when_a_code_is_void(sqlite_url: str) -> None:
    with Town(sqlite_url, counter_phone="012-345-6789") as town:
        code, browser = town.activation_code(), town.browser()
        attempt = browser.get("/signin").location
        pages = [browser.post(f"{attempt}/code", {"code": code, "birth_date": WRONG}) for _ in range(WRONG_DATES)]
        right = browser.post(f"{attempt}/code", {"code": code, "birth_date": BIRTH_DATES["hanako"]})
    assert {page.status_code for page in [*pages, right]} == {400}
    assert all("do not fit together" in page.text for page in pages[:-1])
    for page in (pages[-1], right):
        assert "wrong too often" in page.text
        assert "012-345-6789" in page.text


def test_typing_errors_lock_no_network_out(town: Town) -> None:
    """One wrong date each, of twenty people at one counter; then ten who type the code wrongly."""
    browser = town.browser()
    attempt = browser.get("/signin").location
    for _ in range(20):
        answer = browser.post(f"{attempt}/code", {"code": town.activation_code("taro"), "birth_date": WRONG})
        assert answer.status_code == 400
    for _ in range(10):
        answer = browser.post(f"{attempt}/code", {"code": "ABCD-EFGH-JKMN", "birth_date": BIRTH_DATES["hanako"]})
        assert answer.status_code == 400
    answer = browser.post(f"{attempt}/code", {"code": town.activation_code(), "birth_date": BIRTH_DATES["hanako"]})
    assert answer.status_code == 303


def test_wrong_dates_do_not_count_as_guessing(sqlite_url: str) -> None:
    with Town(sqlite_url, activation_limit="1/hour", activation_wrong_dates=3) as town:
        code, browser = town.activation_code(), town.browser()
        attempt = browser.get("/signin").location
        for _ in range(2):
            assert browser.post(f"{attempt}/code", {"code": code, "birth_date": WRONG}).status_code == 400
        answer = browser.post(f"{attempt}/code", {"code": code, "birth_date": BIRTH_DATES["hanako"]})
        assert answer.status_code == 303
