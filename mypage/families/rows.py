"""Rows of one table while a transaction works on them: asked for with all others, changed in memory, written with all others."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from idp.front.storage import Change

from ..columns import Row
from .store import Store


class RowSet:
    """Rows of `store` that belong to one client."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._rows: dict[str, Row] = {}
        self._stored: set[str] = set()
        self._fresh: dict[str, Row] = {}
        self._changed: dict[str, Row] = {}

    def found(self, rows: Iterable[Row]) -> None:
        """Rows as they were read."""
        for row in rows:
            self._rows[row[self.store.key]] = row
            self._stored.add(row[self.store.id])

    def get(self, key: str) -> Row | None:
        return self._rows.get(key)

    def missing(self, keys: Collection[str]) -> set[str]:
        """Those of `keys` that no row has."""
        return {key for key in keys if key not in self._rows}

    def put(self, row: Row) -> None:
        """Add a row, or say that one has changed."""
        row_id = row[self.store.id]
        self._rows[row[self.store.key]] = row
        (self._changed if row_id in self._stored else self._fresh)[row_id] = row

    def append(self, row: Row) -> None:
        """Add a row that nobody will look for in this transaction."""
        self._fresh[row[self.store.id]] = row

    def forget(self, key: str) -> None:
        """No longer find the row by this key; what was said about it is still written."""
        self._rows.pop(key, None)

    def changes(self) -> list[Change]:
        """What changed, then what is new: a row that ends may make room for one that begins."""
        return [(self.store.change, list(self._changed.values())), (self.store.add, list(self._fresh.values()))]
