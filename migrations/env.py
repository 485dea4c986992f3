"""Alembic's environment: our tables, our engine, one transaction per run."""

from __future__ import annotations

from alembic import context

import idp.tables  # noqa: F401 - registers the provider's tables
import mypage.tables  # noqa: F401 - registers my page's tables
from idp.foundation.database import Base, Database
from idp.foundation.settings import Settings

url = context.config.attributes.get("machi_url") or Settings().database_url
database = Database(url)

with database.engine.execution_options(machi_write=True).connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=database.sqlite)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
database.close()
