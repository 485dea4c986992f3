"""Alembic's environment: our tables, our engine, one transaction per run."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlalchemy.types import TypeDecorator

import idp.tables  # noqa: F401 - registers the provider's tables
import mypage.install  # noqa: F401 - registers my page's tables
from idp.foundation.database import Base, Database
from idp.foundation.settings import Settings


def plain_types(kind: str, thing: Any, _context: Any) -> str | Literal[False]:
    """Write our own column types as the plain ones they are stored as: a migration must not change with the code."""
    if kind == "type" and isinstance(thing, TypeDecorator):
        return f"sa.{thing.impl!r}" if not isinstance(thing.impl, type) else f"sa.{thing.impl.__name__}()"
    return False


url = context.config.attributes.get("machi_url") or Settings().database_url
database = Database(url, pooled=True)  # whether or not: nothing here gains from a prepared statement

with database.engine.execution_options(machi_write=True).connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=database.sqlite,
        render_item=plain_types,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
database.close()
