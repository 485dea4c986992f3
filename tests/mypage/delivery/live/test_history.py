"""What pages that come back are told, and when pages that change together may fetch."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from idp.foundation.journal import Mark
from mypage.delivery.live.history import History
from mypage.delivery.live.pacer import AT_ONCE, Pacer

CHANGES = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["home", "cases", "tasks"])), max_size=40)


def mark(n: int) -> Mark:
    return Mark("epoch", 1000, n)


@given(CHANGES, st.integers(0, 40), st.integers(1, 20))
def test_nothing_is_left_out_or_nothing_is_claimed(changes: list[tuple[str, str]], heard: int, kept: int) -> None:
    history = History(kept)
    history.begin(mark(0))
    for n, (resident, fragment) in enumerate(changes, start=1):
        history.add(mark(n), resident, (fragment,))
    for resident in "abc":
        missed = history.since(resident, mark(heard))
        wanted = {fragment for n, (who, fragment) in enumerate(changes, start=1) if who == resident and n > heard}
        if missed is None:
            assert heard < len(changes) - kept
        else:
            assert set(missed) == wanted


@given(CHANGES)
def test_a_mark_of_another_journal_names_nothing(changes: list[tuple[str, str]]) -> None:
    history = History()
    assert history.since("a", mark(0)) is None
    history.begin(mark(0))
    for n, (resident, fragment) in enumerate(changes, start=1):
        history.add(mark(n), resident, (fragment,))
    assert history.since("a", None) is None
    assert history.since("a", Mark("other", 1000, 1)) is None
    history.begin(mark(100))
    assert history.since("a", mark(99)) is None
    assert list(history.since("a", mark(100)) or ()) == []


@given(st.lists(st.floats(0, 2), max_size=200), st.integers(1, 50))
def test_no_more_fetches_than_asked_for_however_they_come(pauses: list[float], rate: int) -> None:
    pacer, now = Pacer(rate), 1000.0
    turns = []
    for pause in pauses:
        now += pause
        turns.append(now + pacer.wait(now))
    for first in turns:
        assert sum(1 for turn in turns if first <= turn < first + 1) <= rate * (1 + AT_ONCE) + 1
