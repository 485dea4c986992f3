"""One table of a family, as a transaction works on it: what its rows are found by, and the statements for all of them at once."""

from __future__ import annotations

from collections.abc import Collection

from idp.front.storage import Base, Columns

from ..columns import table_of


class Store:
    """Rows of `model` by the value of `key`, those of one client.

    `not_ours`: columns that other writers own, never overwritten here. `where`: which rows alone are looked for, as both databases
    write it.
    """

    def __init__(self, model: type[Base], key: str, *, not_ours: Collection[str] = (), where: str = "") -> None:
        self.table = table_of(model)
        self.key = key
        columns = Columns(self.table)
        self.id = columns.key
        own = "client_id = :client AND " if "client_id" in columns.names else ""
        self.find = columns.find(f"{own}{key} among:keys{where and ' AND '}{where}")
        """Values: `keys`, `client`."""
        self.add = columns.insert
        self.change = columns.update([name for name in columns.names if name != self.id and name not in not_ours])
