"""The city on a fresh database; server and templates come from `tests/conftest.py`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mypage.city import City
from tests.support.statements import Counter, counting


@pytest.fixture
def city(database_url: str) -> Iterator[City]:
    """The city on each kind of database."""
    with City(database_url) as city:
        yield city


@pytest.fixture
def small_city(sqlite_url: str) -> Iterator[City]:
    """The city on SQLite, for what does not depend on the database."""
    with City(sqlite_url) as city:
        yield city


@pytest.fixture
def counter(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter]:
    """Statements of databases that are opened from now on."""
    yield from counting(monkeypatch)
