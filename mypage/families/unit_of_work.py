"""The unit of work: the rows that one transaction works on. Families change them in memory; nothing is written before `write`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy.orm import Session

from idp.front.storage import clock

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
        self._sets = {store: RowSet(store, session, client_id) for f in families for store in (f.store, *f.more_stores)}
        self.postings = Postings()

    def load(self, subjects: Mapping[str, Collection[str]]) -> None:
        """Read the rows with these subjects, by the name of their family, and what follows from them: a statement for each table."""
        for name, found in subjects.items():
            self._own(name).load(found)
        for family in self._families.values():
            for follow in family.follows:
                if follow.load is not None and (followed := subjects.get(follow.family)):
                    follow.load(self, followed)

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

    def write(self) -> None:
        """Read model, history and outbox, in a handful of statements."""
        for rows in self._sets.values():
            rows.write()
        self.postings.write(self.session)
