"""The unified ID: random, readable, and a slip of the pen is noticed."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from idp.foundation.ids import READABLE
from idp.residents.unified_id import _check_character, grouped, new_unified_id, parse_unified_id

bodies = st.text(alphabet=READABLE, min_size=10, max_size=10)


def whole(body: str) -> str:
    return body + _check_character(body)


@given(bodies)
def test_a_right_one_is_read_however_it_is_typed(body: str) -> None:
    value = whole(body)
    assert parse_unified_id(value) == value
    assert parse_unified_id(grouped(value)) == value
    assert parse_unified_id(f" {value.lower()} ") == value
    assert parse_unified_id(value.replace("0", "o").replace("1", "l")) == value
    assert parse_unified_id(value.replace("1", "I")) == value


@given(bodies, st.integers(0, 10), st.sampled_from(READABLE))
def test_one_wrong_character_is_noticed(body: str, at: int, character: str) -> None:
    value = whole(body)
    assume(value[at] != character)
    assert parse_unified_id(value[:at] + character + value[at + 1 :]) is None


@given(bodies, st.integers(0, 10), st.integers(0, 10))
def test_two_characters_changed_over_are_noticed(body: str, a: int, b: int) -> None:
    value = list(whole(body))
    assume(value[a] != value[b])
    value[a], value[b] = value[b], value[a]
    assert parse_unified_id("".join(value)) is None


def test_every_neighbouring_pair_in_every_place() -> None:
    """Not only by chance: all pairs of characters, at each place."""
    for at in range(9):
        for a in READABLE:
            for b in READABLE:
                if a != b:
                    body = "A" * at + a + b + "A" * (8 - at)
                    changed = "A" * at + b + a + "A" * (8 - at)
                    assert _check_character(body) != _check_character(changed)


@given(st.text(max_size=20))
def test_nonsense_is_not_read(typed: str) -> None:
    found = parse_unified_id(typed)
    assert found is None or len(found) == 11


def test_it_can_never_look_like_a_twelve_digit_number() -> None:
    seen = {new_unified_id() for _ in range(300)}
    assert len(seen) == 300
    for value in seen:
        assert len(value) == 11
        assert not value[:10].isdigit()
        assert parse_unified_id(value) == value
