"""The unit of work: the rows that one transaction works on. Families change them in memory; nothing is written before `write`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy.orm import Session

from idp.front.storage import Change, Question, clock, find_all, write_all

from ..posted import Postings
from .rows import RowSet
from .store import Store

if TYPE_CHECKING:
    from .family import Family

Status = Literal["accepted", "stale", "held"]


class UnitOfWork:
    """Rows of one client (department; None: the city itself), read by `load`, and what is posted about their changes."""

    def __init__(self, session: Session, client_id: str | None, families: Collection[Family]) -> None:
        self.session = session
        self.client_id = client_id
        self.now = clock.now()
        self._families = {family.name: family for family in families}
        self._sets = {store: RowSet(store) for f in families for store in (f.store, *f.more_stores)}
        self.postings = Postings()

    def load(self, subjects: Mapping[str, Collection[str]], *questions: Question) -> list[list[Any]]:
        """Read the rows with these subjects, by the name of their family, and what follows them; answers `questions`, all together."""
        wanted = [(self._own(name), keys) for name, keys in subjects.items()]
        wanted += [(self._sets[store], keys) for store, keys in self._followers(subjects)]
        asked = [(rows.store.find, {"client": self.client_id, "keys": list(keys)}) for rows, keys in wanted]
        answers = find_all(self.session, [*asked, *questions])
        for (rows, _), found in zip(wanted, answers, strict=False):
            rows.found(found)
        return answers[len(wanted) :]

    def _followers(self, subjects: Mapping[str, Collection[str]]) -> Iterator[tuple[Store, Collection[str]]]:
        for family in self._families.values():
            for follow in family.follows:
                if follow.reads is not None and (keys := subjects.get(follow.family)):
                    yield follow.reads, keys

    def rows(self, store: Store) -> RowSet:
        return self._sets[store]

    def knows(self, family: str, subject: str) -> bool:
        """Whether there is a row of this family, as far as it was read."""
        return self._own(family).get(subject) is not None

    def missing(self, subjects: Mapping[str, Collection[str]]) -> set[str]:
        """Subjects that have no row in their family."""
        return {subject for family, wanted in subjects.items() for subject in self._own(family).missing(wanted)}

    def _own(self, family: str) -> RowSet:
        return self._sets[self._families[family].store]

    def changed(self, family: str, change: Any) -> None:
        """A row of this family has another state: whoever derives something from it follows."""
        for other in self._families.values():
            for follow in other.follows:
                if follow.family == family:
                    follow.changed(self, change)

    def write(self, *changes: Change) -> None:
        """Read model, history, outbox and `changes`, all together."""
        own = [change for rows in self._sets.values() for change in rows.changes()]
        write_all(self.session, [*own, *self.postings.changes(), *changes])
