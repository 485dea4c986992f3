"""Claiming: an exact match attaches at once, a near one goes to the registrar, and none ever by guess."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from idp.foundation import clock
from idp.foundation.settings import Settings
from idp.residents.activation import parse_code
from idp.residents.claiming import Claim, ClaimResult, claim_by_attributes, claim_by_code
from idp.residents.model import ActivationCode, Ceremony, ClaimReview, Resident
from tests.support.people import BIRTH_DATES, HEADER
from tests.support.town import Town

WRONG_DATES = Settings().activation_wrong_dates
HANAKO = {"name": "見本\u3000花子", "birth_date": "1989-04-12", "address": "見本県みほん市中央１丁目２－３"}


def claim(town: Town, **changes: str) -> Claim:
    with town.writing() as session:
        return claim_by_attributes(session, town.parts.vault, **(HANAKO | changes), method="jpki_signature")


@pytest.fixture
def registered(any_town: Town) -> Town:
    any_town.import_people()
    return any_town


def test_an_exact_match_issues_the_unified_id(registered: Town) -> None:
    found = claim(registered)
    assert found.result is ClaimResult.CLAIMED
    row = registered.rows(Resident, Resident.resident_id == found.resident_id)[0]
    assert row.state == "active"
    assert len(row.unified_id) == 11
    ceremony = registered.rows(Ceremony)[0]
    assert (ceremony.kind, ceremony.method, ceremony.resident_id) == ("claim", "jpki_signature", found.resident_id)
    again = claim(registered)
    assert (again.result, again.resident_id) == (ClaimResult.KNOWN, found.resident_id)
    assert registered.rows(Resident, Resident.resident_id == found.resident_id)[0].unified_id == row.unified_id


@pytest.mark.parametrize("address", ["見本県みほん市中央２丁目２－３", "見本県となり市中央１丁目２－３"])
def test_a_near_match_waits_for_the_registrar(registered: Town, address: str) -> None:
    assert claim(registered, address=address) == Claim(ClaimResult.QUEUED)
    review = registered.rows(ClaimReview)[0]
    assert review.reason == "near"
    assert address.encode() not in review.sealed
    assert registered.count(Resident, Resident.state == "active") == 0


@pytest.mark.parametrize("changes", [{"name": "見本 花"}, {"birth_date": "1989-04-13"}, {"name": "市外 そと"}])
def test_nobody(registered: Town, changes: dict[str, str]) -> None:
    assert claim(registered, **changes) == Claim(ClaimResult.NO_MATCH)
    assert registered.count(ClaimReview) == 0


def test_two_alike_are_never_guessed_between(town: Town) -> None:
    from idp.residents.import_register import import_register

    line = "{},見本 花子,ミホン ハナコ,1989-04-12,2,見本県みほん市中央一丁目2番3号,,"
    import_register(town.parts.database, town.parts.vault, [HEADER, line.format(1), line.format(2)])
    assert claim(town) == Claim(ClaimResult.QUEUED)
    assert town.rows(ClaimReview)[0].reason == "several"


@pytest.mark.parametrize("state", ["suspended", "recovery", "moved_out", "deceased", "closed"])
def test_a_row_that_is_closed_stays_closed(registered: Town, state: str) -> None:
    claimed = None if state in ("moved_out", "deceased", "closed") else "A" * 11
    row = update(Resident).where(Resident.near_key == key_of(registered))
    registered.change(row.values(state=state, unified_id=claimed))
    assert claim(registered).result is ClaimResult.CLOSED
    assert registered.count(Ceremony) == 0


def key_of(town: Town) -> str:
    from idp.residents.attributes import match_keys

    return match_keys(town.parts.vault, HANAKO["name"], HANAKO["birth_date"], HANAKO["address"])[1]


# activation codes ------------------------------------------------------------------------------------------------------


def use(town: Town, code: str, birth_date: str = BIRTH_DATES["hanako"]) -> Claim:
    with town.writing() as session:
        return use_in(session, town, code, birth_date)


def use_in(session: Session, town: Town, code: str, birth_date: str) -> Claim:
    vault = town.parts.vault
    return claim_by_code(session, vault, code=parse_code(code), birth_date=birth_date, max_wrong_dates=WRONG_DATES)


def test_a_code_works_once(any_town: Town) -> None:
    code = any_town.activation_code()
    assert use(any_town, code).result is ClaimResult.CLAIMED
    assert use(any_town, code).result is ClaimResult.NO_MATCH


def test_a_code_as_people_type_it(town: Town) -> None:
    code = town.activation_code()
    typed = " " + code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert use(town, typed).result is ClaimResult.CLAIMED


def test_a_wrong_birth_date_does_not_use_it_up(town: Town) -> None:
    code = town.activation_code()
    for wrong in ("1989-04-13", "", "x", "1989-4-12"):
        assert use(town, code, wrong).result is ClaimResult.WRONG_BIRTH_DATE
    assert use(town, code).result is ClaimResult.CLAIMED


@pytest.mark.parametrize(("channel", "lifetime", "method"), [
    ("counter", timedelta(minutes=30), "activation_code_counter"),
    ("post", timedelta(days=21), "activation_code_post"),
])  # fmt: skip
def test_a_code_ends(town: Town, channel: str, lifetime: timedelta, method: str) -> None:
    late, in_time = town.activation_code("taro", channel), town.activation_code("hanako", channel)
    with clock.travelled(lifetime + timedelta(seconds=1)):
        assert use(town, late, BIRTH_DATES["taro"]).result is ClaimResult.NO_MATCH
    with clock.travelled(lifetime - timedelta(seconds=5)):
        assert use(town, in_time).result is ClaimResult.CLAIMED
    assert town.rows(Ceremony)[0].method == method


def test_codes_are_stored_keyed(town: Town) -> None:
    code = town.activation_code()
    assert code.replace("-", "") not in town.rows(ActivationCode)[0].code_index
    assert len({town.activation_code() for _ in range(20)}) == 20


def test_on_the_page(any_town: Town) -> None:
    code = any_town.activation_code()
    browser = any_town.browser()
    attempt = browser.get("/signin?next=/account/passkeys/new").location
    wrong = browser.post(f"{attempt}/code", {"code": code, "birth_date": "2000-01-01"})
    never = browser.post(f"{attempt}/code", {"code": "AAAA-BBBB-CCCC", "birth_date": BIRTH_DATES["hanako"]})
    assert wrong.status_code == never.status_code == 400
    message = "do not fit together, or the code was used already"
    assert message in wrong.text and message in never.text  # noqa: PT018 - the same words for both
    right = browser.post(f"{attempt}/code", {"code": code, "birth_date": BIRTH_DATES["hanako"]})
    assert right.location == f"{attempt}/welcome"
    welcome = browser.get(right.location).text
    assert any_town.rows(Resident)[0].unified_id[:4] in welcome
    assert 'href="/account/passkeys/new"' in welcome
    again = any_town.browser()
    other = again.get("/signin").location
    assert again.post(f"{other}/code", {"code": code, "birth_date": BIRTH_DATES["hanako"]}).status_code == 400
