"""Both certificates of a claim: what their ends and media tell about being of one card."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.credentials.jpki import CardError, CardPolicy, CardReason, CardVerdict, FourAttributes, Medium, Sex
from idp.credentials.jpki.one_card import check_one_card
from idp.credentials.jpki.verify import RevocationEvidence, SignatureVerdict

JAPAN = timezone(timedelta(hours=9))
BORN = date(1989, 4, 12)
NOW = datetime(2026, 11, 28, tzinfo=UTC)
COMMON: dict[str, Any] = {
    "issuer_key_id": b"k",
    "serial": 1,
    "root_serial": 1,
    "revocation": RevocationEvidence(1, NOW, NOW),
}


def pair(end: datetime, signature_end: datetime, born: date = BORN) -> tuple[CardVerdict, SignatureVerdict]:
    person = FourAttributes("見本\u3000花子", born, Sex.FEMALE, "見本県", (), ())
    auth = CardVerdict(not_after=end, medium=Medium.CARD, **COMMON)
    return auth, SignatureVerdict(not_after=signature_end, medium=Medium.CARD, attributes=person, **COMMON)


def of_one_card(auth: CardVerdict, signature: SignatureVerdict, policy: CardPolicy | None = None) -> bool:
    try:
        check_one_card(auth, signature, policy or CardPolicy())
    except CardError as error:
        return error.reason is not CardReason.TWO_CARDS
    return True


def end(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 23, 59, 59, tzinfo=JAPAN)


@pytest.mark.parametrize(
    ("auth_end", "signature_end", "one"),
    [
        (end(2030, 4, 12), end(2030, 4, 12), True),
        (end(2030, 4, 12), datetime(2030, 4, 12, 14, 59, 59, tzinfo=UTC), True),
        (end(2029, 8, 31), end(2029, 8, 31), True),  # a residence card: no birthday, but one end
        (end(2031, 4, 12), end(2030, 4, 12), True),  # the other was renewed alone
        (end(2030, 4, 12), end(2031, 4, 12), False),  # never after the user-authentication certificate's
        (end(2030, 9, 30), end(2030, 4, 12), False),  # ends on somebody else's birthday
        (end(2030, 4, 12), datetime(2030, 4, 12, 15, 0, 0, tzinfo=UTC), False),  # already the 13th in Japan
    ],
)
def test_their_ends(auth_end: datetime, signature_end: datetime, one: bool) -> None:
    assert of_one_card(*pair(auth_end, signature_end)) is one


@pytest.mark.parametrize(("month", "day", "one"), [(2, 27, False), (2, 28, True), (3, 1, True), (3, 2, False)])
def test_born_on_a_leap_day(month: int, day: int, one: bool) -> None:
    assert of_one_card(*pair(end(2030, month, day), end(2029, 2, 28), date(1996, 2, 29))) is one


def test_a_phone_and_a_card() -> None:
    auth, signature = pair(end(2030, 4, 12), end(2030, 4, 12))
    assert not of_one_card(replace(auth, medium=Medium.PHONE), signature)
    assert not of_one_card(auth, replace(signature, medium=Medium.PHONE))


def test_what_no_rule_is_known_for() -> None:
    auth, signature = pair(end(2030, 9, 30), end(2031, 4, 12))
    assert of_one_card(replace(auth, medium=Medium.PHONE), replace(signature, medium=Medium.PHONE))
    assert of_one_card(auth, signature, CardPolicy(ends_tell_one_card=False))


@given(days=st.integers(1, 3000), years=st.integers(0, 5), born=st.dates(date(1926, 1, 1), date(2011, 12, 31)))
def test_a_signature_certificate_never_outlives_the_other(days: int, years: int, born: date) -> None:
    last = end(2027 + years, born.month, min(born.day, 28))
    assert not of_one_card(*pair(last, last + timedelta(days=days), born))
