"""Challenges that the browser carries: ours, whole, in time, once, and for what they were made for."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from idp.credentials.model import Challenge
from idp.credentials.sealed_challenges import LIFETIME, Tie, make, use_up
from idp.foundation import clock
from tests.support.town import Town

TIE = Tie("passkey_signin", "b" * 64, attempt_id="a" * 43)


def use(town: Town, challenge: bytes, tie: Tie = TIE) -> str | None:
    with town.writing() as session:
        return use_up(session, town.parts.vault, challenge, tie)


def test_once(any_town: Town) -> None:
    challenge = make(any_town.parts.vault, TIE)
    assert use(any_town, challenge) is None
    assert use(any_town, challenge) == "challenge"
    assert any_town.count(Challenge) == 1


def test_once_also_for_many_at_the_same_moment(any_town: Town) -> None:
    challenge, together = make(any_town.parts.vault, TIE), threading.Barrier(4)

    def one(_: int) -> str | None:
        together.wait(10)
        return use(any_town, challenge)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(map(str, pool.map(one, range(4)))) == ["None", "challenge", "challenge", "challenge"]


def test_every_changed_bit_and_every_other_length_is_refused(town: Town) -> None:
    challenge = make(town.parts.vault, TIE)
    for place in range(len(challenge)):
        changed = bytearray(challenge)
        changed[place] ^= 1 << (place % 8)
        assert use(town, bytes(changed)) == "challenge", place
    for wrong in (b"", challenge[1:], challenge[:-1], challenge + b"x", challenge[:32], bytes(32)):
        assert use(town, wrong) == "challenge"
    assert town.count(Challenge) == 0, "nobody fills the table with what is not ours"
    assert use(town, challenge) is None


def test_it_ends(town: Town) -> None:
    challenge = make(town.parts.vault, TIE)
    with clock.travelled(LIFETIME + timedelta(milliseconds=1)):
        assert use(town, challenge) == "challenge"
    with clock.travelled(LIFETIME - timedelta(seconds=1)):
        assert use(town, challenge) is None


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
def test_what_it_is_tied_to(town: Town, other: Tie, reason: str) -> None:
    """And it is used up by whoever brings it to the wrong place."""
    challenge = make(town.parts.vault, TIE)
    assert use(town, challenge, other) == reason
    assert use(town, challenge) == "challenge"
