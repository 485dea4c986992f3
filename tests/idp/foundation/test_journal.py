"""The journal: in order, kept for a while, and honest about what is not known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.foundation import journal as journal_module
from idp.foundation.journal import Journal, Mark, open_journal
from idp.foundation.live import BusUnavailableError
from tests.support.ear import Ear
from tests.support.redis_servers import RedisServer
from tests.support.waiting import until


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path).start()
    yield server
    server.stop()


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.servers)])
def journal(request: pytest.FixtureRequest) -> Iterator[Journal]:
    memory = request.param == "memory"
    journal = open_journal("memory://" if memory else request.getfixturevalue("server").url)
    yield journal
    journal.close()


def test_a_reader_hears_what_was_before_and_what_comes_in_order(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "READ_AT_ONCE", 3)
    for n in range(10):
        journal.append({"n": n})
    ear = Ear()
    following = journal.follow(ear)
    until(lambda: len(ear.entries) == 10)
    assert ear.begun == [ear.marks[-1]]
    for n in range(10, 20):
        journal.append({"n": n})
    until(lambda: len(ear.entries) == 20)
    assert [entry["n"] for entry in ear.entries] == list(range(20))
    assert ear.marks == sorted(set(ear.marks))
    following.close()


def test_the_mark_is_of_the_newest_entry(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "LOOK_AGAIN", 0.0)
    empty = Mark.read(journal.mark())
    ear = Ear()
    following = journal.follow(ear)
    until(lambda: ear.begun)
    journal.append({"n": 1})
    until(lambda: ear.entries)
    assert Mark.read(journal.mark()) == ear.marks[0]
    assert empty is not None
    assert empty < ear.marks[0]
    assert empty.epoch == ear.marks[0].epoch
    following.close()


def test_a_clock_that_is_set_back_turns_no_order_round(monkeypatch: pytest.MonkeyPatch) -> None:
    journal = open_journal("memory://")
    marks = []
    for now in (2000.0, 1000.0, 3000.0):
        monkeypatch.setattr(journal_module.time, "time", lambda now=now: now)
        journal.append({})
        marks.append(Mark.read(journal.mark()))
    assert marks == sorted(marks, key=lambda mark: mark or Mark("", 0, 0))


def test_two_journals_share_no_marks() -> None:
    assert open_journal("memory://").mark() != open_journal("memory://").mark()


@given(st.text(max_size=60))
def test_what_a_page_says_it_heard_is_a_mark_or_nothing(text: str) -> None:
    mark = Mark.read(text)
    assert mark is None or Mark.read(str(mark)) == mark


@given(st.from_regex(r"\A[a-z0-9]{8}\Z"), st.integers(0, 10**15), st.integers(0, 10**9))
def test_marks_survive_the_page(epoch: str, ms: int, number: int) -> None:
    assert Mark.read(str(Mark(epoch, ms, number))) == Mark(epoch, ms, number)


@pytest.mark.servers
def test_a_connection_that_breaks_loses_nothing(server: RedisServer) -> None:
    journal, ear = open_journal(server.url), Ear()
    following = journal.follow(ear)
    until(lambda: ear.begun)
    server.freeze()
    until(lambda: ear.said)
    with pytest.raises(BusUnavailableError):
        journal.append({"n": 0})
    server.freeze(False)
    until(lambda: ear.said == ["lost", "back"])
    journal.append({"n": 1})
    until(lambda: {"n": 1} in ear.entries)
    assert len(ear.begun) == 1
    following.close()
    journal.close()


@pytest.mark.servers
@pytest.mark.parametrize("saved", [False, True])
def test_a_redis_that_starts_anew_is_another_journal(server: RedisServer, saved: bool) -> None:
    """Even with what it had saved: nobody knows what came after that."""
    journal, ear = open_journal(server.url), Ear()
    journal.append({"n": 1})
    following = journal.follow(ear)
    until(lambda: ear.entries)
    if saved:
        server.client.save()
    server.stop()
    server.start()
    until(lambda: len(ear.begun) == 2)
    assert ear.begun[0].epoch != ear.begun[1].epoch
    assert len(ear.entries) == 1 + saved
    following.close()
    journal.close()


def test_a_redis_that_never_was_has_no_mark() -> None:
    journal = open_journal("redis://127.0.0.1:1/0")
    assert journal.mark() == ""
    with pytest.raises(BusUnavailableError):
        journal.append({})


@pytest.mark.servers
@pytest.mark.parametrize("fields", [{"e": b"{"}, {"e": b"[]"}, {"e": b"\xff"}, {"other": b"{}"}], ids=str)
def test_an_entry_that_nobody_can_read_makes_readers_begin_anew(server: RedisServer, fields: dict[str, bytes]) -> None:
    """What it said is not known, so nobody claims to have heard everything; what comes after it is heard."""
    journal, early, late = open_journal(server.url), Ear(), Ear()
    journal.append({"n": 1})
    first = journal.follow(early)
    until(lambda: early.entries)
    server.client.xadd(journal_module.STREAM, fields)
    until(lambda: len(early.begun) == 2)
    journal.append({"n": 2})
    until(lambda: len(early.entries) == 2)
    second = journal.follow(late)
    until(lambda: late.entries)
    assert late.entries == [{"n": 2}]
    assert journal.mark()
    first.close()
    second.close()
    journal.close()


@pytest.mark.servers
def test_what_was_forgotten_while_a_reader_was_away_is_not_claimed_to_be_heard(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "KEPT_MS", 0)
    journal, ear = open_journal(server.url), Ear()
    following = journal.follow(ear)
    until(lambda: ear.begun)
    server.freeze()
    until(lambda: ear.said)
    server.freeze(False)
    until(lambda: len(ear.begun) == 2)
    following.close()
    journal.close()
