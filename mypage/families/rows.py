"""Rows of one table while a transaction works on them: read in one statement, changed in memory, written in two."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import ColumnElement, Table, bindparam, insert, select, update
from sqlalchemy.orm import Session

from ..columns import Row


class RowSet:
    """Rows of `table` by the value of their column `key`. `not_ours`: columns other writers own, never overwritten here."""

    def __init__(self, table: Table, key: str, not_ours: Collection[str] = ()) -> None:
        self._table = table
        self._key = key
        self._id = table.primary_key.columns[0].name
        self._ours = [c.name for c in table.columns if not c.primary_key and c.name not in not_ours]
        self._rows: dict[str, Row] = {}
        self._stored: set[str] = set()
        self._fresh: dict[str, Row] = {}
        self._changed: dict[str, Row] = {}

    def load(self, session: Session, keys: Collection[str], *where: ColumnElement[bool]) -> None:
        """Read the rows with these keys."""
        if keys:
            found = session.execute(select(self._table).where(self._table.c[self._key].in_(keys), *where))
            for row in found.mappings():
                self._rows[row[self._key]] = dict(row)
                self._stored.add(row[self._id])

    def get(self, key: str) -> Row | None:
        return self._rows.get(key)

    def missing(self, keys: Iterable[str]) -> set[str]:
        """Those of `keys` that no row has."""
        return {key for key in keys if key not in self._rows}

    def put(self, row: Row) -> None:
        """Add a row, or say that one has changed."""
        self._rows[row[self._key]] = row
        (self._changed if row[self._id] in self._stored else self._fresh)[row[self._id]] = row

    def append(self, row: Row) -> None:
        """Add a row that nobody will look for in this transaction."""
        self._fresh[row[self._id]] = row

    def forget(self, key: str) -> None:
        """No longer find the row by this key; what was said about it is still written."""
        self._rows.pop(key, None)

    def write(self, session: Session) -> None:
        """Update what changed, then insert what is new (a row that ends may make room for one that begins)."""
        if self._changed:
            session.execute(self._update(), [self._values(row) for row in self._changed.values()])
        if self._fresh:
            session.execute(insert(self._table), list(self._fresh.values()))

    def _update(self) -> Any:
        key = self._table.c[self._id]
        return (
            update(self._table).where(key == bindparam("row_id")).values({n: bindparam(f"v_{n}") for n in self._ours})
        )

    def _values(self, row: Row) -> Row:
        return {"row_id": row[self._id], **{f"v_{name}": row[name] for name in self._ours}}
