"""One table of a family, as a transaction works on it: what its rows are found by, and the statements for all of them at once."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, bindparam, insert, select, update

from idp.front.storage import Base

from ..columns import Row, table_of


class Store:
    """Rows of `model` by the value of `key`, those of one client where the table has clients.

    `not_ours`: columns that other writers own, never overwritten here. `where`: which rows alone are looked for.
    """

    def __init__(
        self,
        model: type[Base],
        key: str,
        *,
        not_ours: Collection[str] = (),
        where: Collection[ColumnElement[bool]] = (),
    ) -> None:
        self.table = table_of(model)
        self.key = key
        self.id = self.table.primary_key.columns[0].name
        self._ours = [c.name for c in self.table.columns if not c.primary_key and c.name not in not_ours]
        found = select(self.table).where(self.table.c[key].in_(bindparam("keys", expanding=True)), *where)
        self.find = found.where(self.table.c.client_id == bindparam("client")) if "client_id" in self.table.c else found
        """Parameters: `keys`, `client`."""
        self.add = insert(self.table)
        named: dict[str, Any] = {name: bindparam(f"v_{name}") for name in self._ours}
        self.change = update(self.table).where(self.table.c[self.id] == bindparam("row_id")).values(named)
        """Parameters as `changes` gives them."""

    def changes(self, row: Row) -> Row:
        """What `change` needs to write a row."""
        return {"row_id": row[self.id], **{f"v_{name}": row[name] for name in self._ours}}
