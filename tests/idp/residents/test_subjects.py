"""Pairwise subjects: one per resident and sector, however many ask at once."""

from __future__ import annotations

import threading

from idp.residents.model import SubjectIdentifier
from idp.residents.subjects import resident_of, subject_of
from tests.support.town import Town


def test_many_at_once_get_the_same(any_town: Town) -> None:
    resident = any_town.resident()
    start, found = threading.Barrier(8), []

    def ask() -> None:
        start.wait()
        with any_town.writing() as session:
            found.append(subject_of(session, resident, "kodomo.example"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert any_town.count(SubjectIdentifier) == 1


def test_sectors_and_people_differ(any_town: Town) -> None:
    people = [any_town.resident(key) for key in ("hanako", "taro")]
    with any_town.writing() as session:
        subs = {subject_of(session, p, s): (p, s) for p in people for s in ("a.example", "b.example")}
        assert len(subs) == 4
        for sub, (person, sector) in subs.items():
            assert resident_of(session, sub, sector) == person
            assert resident_of(session, sub, "other.example") is None
        assert resident_of(session, "unknown", "a.example") is None
