"""Challenges that the browser carries: ours, whole, in time, once, and for what they were made for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from idp.credentials.model import Challenge
from idp.credentials.sealed_challenges import LIFETIME, Tie, asks_used, make, use_up, uses_up
from idp.foundation import clock
from idp.foundation.driver import find_all, write_all
from tests.support.town import Town

TIE = Tie("passkey_signin", "b" * 64, attempt_id="a" * 43)


Use = Callable[[Town, bytes, Tie], str | None]


def alone(town: Town, challenge: bytes, tie: Tie) -> str | None:
    with town.writing() as session:
        return use_up(session, town.parts.vault, challenge, tie)


def with_others(town: Town, challenge: bytes, tie: Tie) -> str | None:
    try:
        with town.writing() as session:
            (used,) = find_all(session, [asks_used(challenge)])
            changes, reason = uses_up(town.parts.vault, challenge, tie, used)
            write_all(session, changes)
    except IntegrityError:
        return "challenge"
    return reason


@pytest.fixture(params=[alone, with_others])
def use(request: pytest.FixtureRequest) -> Use:
    """Using up in a statement of its own, or asked and written together with other things."""
    way: Use = request.param
    return way


def test_once(use: Use, any_town: Town) -> None:
    challenge = make(any_town.parts.vault, TIE)
    assert use(any_town, challenge, TIE) is None
    assert use(any_town, challenge, TIE) == "challenge"
    assert any_town.count(Challenge) == 1


def test_once_also_for_many_at_the_same_moment(use: Use, any_town: Town) -> None:
    challenge, together = make(any_town.parts.vault, TIE), threading.Barrier(4)

    def one(_: int) -> str | None:
        together.wait(10)
        return use(any_town, challenge, TIE)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(map(str, pool.map(one, range(4)))) == ["None", "challenge", "challenge", "challenge"]


def test_every_changed_bit_and_every_other_length_is_refused(use: Use, town: Town) -> None:
    challenge = make(town.parts.vault, TIE)
    for place in range(len(challenge)):
        changed = bytearray(challenge)
        changed[place] ^= 1 << (place % 8)
        assert use(town, bytes(changed), TIE) == "challenge", place
    for wrong in (b"", challenge[1:], challenge[:-1], challenge + b"x", challenge[:32], bytes(32)):
        assert use(town, wrong, TIE) == "challenge"
    assert town.count(Challenge) == 0, "nobody fills the table with what is not ours"
    assert use(town, challenge, TIE) is None


def test_it_ends(use: Use, town: Town) -> None:
    challenge = make(town.parts.vault, TIE)
    with clock.travelled(LIFETIME + timedelta(milliseconds=1)):
        assert use(town, challenge, TIE) == "challenge"
    with clock.travelled(LIFETIME - timedelta(seconds=1)):
        assert use(town, challenge, TIE) is None


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (replace(TIE, purpose="passkey_add"), "challenge"),
        (replace(TIE, purpose="staff_signin"), "challenge"),
        (replace(TIE, browser_digest="c" * 64), "challenge_of_another_browser"),
        (replace(TIE, attempt_id="c" * 43), "challenge_of_another_attempt"),
        (replace(TIE, attempt_id=None), "challenge_of_another_attempt"),
        (replace(TIE, attempt_id=""), "challenge_of_another_attempt"),
        (replace(TIE, holder_id="c" * 26), "challenge_of_another_holder"),
    ],
)
def test_what_it_is_tied_to(use: Use, town: Town, other: Tie, reason: str) -> None:
    """And it is used up by whoever brings it to the wrong place."""
    challenge = make(town.parts.vault, TIE)
    assert use(town, challenge, other) == reason
    assert use(town, challenge, TIE) == "challenge"
