"""Column types of my page's tables."""

from __future__ import annotations

from typing import Any, cast

import orjson
from sqlalchemy import Dialect, Table, Text
from sqlalchemy.types import TypeDecorator

from idp.front.storage import Base

from . import stored_json

Row = dict[str, Any]
"""One row on its way into a table, by column name."""


class JsonText(TypeDecorator[Any]):
    """A JSON value in a TEXT column: the same on both databases. Empty objects and lists are NULL; they come back as None."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return orjson.dumps(value).decode() if value else None

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        try:
            return None if value is None else self.fitting(orjson.loads(value)) or None
        except orjson.JSONDecodeError:
            return None

    def fitting(self, value: Any) -> Any:
        """What of a stored value has the shape that readers expect: a row older than today's rules must not break a page."""
        return value


class Texts(JsonText):
    """A text by language."""

    cache_ok = True

    def fitting(self, value: Any) -> Any:
        return stored_json.texts(value)


class Objects(JsonText):
    """A list of objects."""

    cache_ok = True

    def fitting(self, value: Any) -> Any:
        return stored_json.objects(value)


class Members(JsonText):
    """One object."""

    cache_ok = True

    def fitting(self, value: Any) -> Any:
        return stored_json.members(value)


def table_of(model: type[Base]) -> Table:
    """The Core table of a mapped class, for bulk statements."""
    return cast(Table, model.__table__)


def one_of(column: str, values: tuple[str, ...]) -> str:
    """The text of a CHECK that allows only `values` (and NULL)."""
    return f"{column} IN ({', '.join(repr(v) for v in values)})"
