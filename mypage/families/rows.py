"""Rows of one table while a transaction works on them: read in one statement, changed in memory, written in two."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy.orm import Session

from ..columns import Row
from .store import Store


class RowSet:
    """Rows of `store` that belong to one client."""

    def __init__(self, store: Store, session: Session, client_id: str | None) -> None:
        self._store = store
        self._session = session
        self._client_id = client_id
        self._rows: dict[str, Row] = {}
        self._stored: set[str] = set()
        self._fresh: dict[str, Row] = {}
        self._changed: dict[str, Row] = {}

    def load(self, keys: Collection[str]) -> None:
        """Read the rows with these keys."""
        if keys:
            found = self._session.execute(self._store.find, {"keys": list(keys), "client": self._client_id})
            for row in found.mappings():
                self._rows[row[self._store.key]] = dict(row)
                self._stored.add(row[self._store.id])

    def get(self, key: str) -> Row | None:
        return self._rows.get(key)

    def missing(self, keys: Iterable[str]) -> set[str]:
        """Those of `keys` that no row has."""
        return {key for key in keys if key not in self._rows}

    def put(self, row: Row) -> None:
        """Add a row, or say that one has changed."""
        row_id = row[self._store.id]
        self._rows[row[self._store.key]] = row
        (self._changed if row_id in self._stored else self._fresh)[row_id] = row

    def append(self, row: Row) -> None:
        """Add a row that nobody will look for in this transaction."""
        self._fresh[row[self._store.id]] = row

    def forget(self, key: str) -> None:
        """No longer find the row by this key; what was said about it is still written."""
        self._rows.pop(key, None)

    def write(self) -> None:
        """Update what changed, then insert what is new (a row that ends may make room for one that begins)."""
        if self._changed:
            self._session.execute(self._store.change, [self._store.changes(row) for row in self._changed.values()])
        if self._fresh:
            self._session.execute(self._store.add, list(self._fresh.values()))
