"""The quick look at the bytes of an event never passes what the long look would stop at."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.front.web import text_problem
from mypage.families import EventRefusedError
from mypage.intake.inspect import _SUSPICIOUS, _few_digits, _plain, refuse_forbidden

MY_NUMBER = "123456789018"  # a valid check digit; digits in order are nobody's
_ANYTHING = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30)
_GROUPED = st.lists(
    st.sampled_from([*"0123456789０１２３４５６７８９", *" -　－‐\t\n", *"x年"]), min_size=10, max_size=60
).map("".join)


@given(value=st.dictionaries(_ANYTHING | _GROUPED, _ANYTHING | _GROUPED | st.integers(-(2**63), 2**63), max_size=4))
def test_what_passes_the_quick_look_passes_the_long_one(value: dict[str, Any]):
    written = orjson.dumps(value)
    if _few_digits(written):
        assert _SUSPICIOUS.search(written.decode()) is None
    if _plain(written):
        assert text_problem(written.decode()) is None


@pytest.mark.parametrize("gap", ["", *" -　－‐\t\n", " - ", "‐　"])
@pytest.mark.parametrize("digits", ["0123456789", "０１２３４５６７８９"])
def test_a_my_number_is_found_in_any_width_and_grouping(gap: str, digits: str):
    number = gap.join(MY_NUMBER[place : place + 4] for place in (0, 4, 8)).translate(
        str.maketrans("0123456789", digits)
    )
    assert not _few_digits(orjson.dumps(number))
    with pytest.raises(EventRefusedError, match="my_number_refused"):
        refuse_forbidden({"data": {"label": {"ja": number}}})


def test_an_ordinary_event_needs_the_quick_look_only():
    told = {
        "received_at": "2026-05-01T10:00:00+09:00",
        "number": "0000000123",
        "title": {"ja": "児童手当", "en": "Allowance"},
    }
    assert _plain(orjson.dumps(told))
