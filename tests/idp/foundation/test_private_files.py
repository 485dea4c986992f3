"""Nobody else on the machine reads the database: neither the file, nor what SQLite puts beside it, at no time."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from idp.foundation.database import Database
from tests.support import databases
from tests.support.town import Town


def modes(folder: Path) -> dict[str, str]:
    return {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in folder.iterdir()}


@pytest.fixture
def open_umask() -> Iterator[None]:
    """As careless as it can be."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
def test_from_the_start(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    url = f"sqlite:///{folder}/machi.db"
    databases.make_template(url)
    with Town(url) as town:
        town.signed_in().tokens(town.register())  # through the hot path's own connections, too
        found = modes(folder)
        assert set(found) == {f"machi.db{ending}" for ending in ("", "-wal", "-shm", "-queue")}
        assert set(found.values()) == {"0o600"}
    assert modes(tmp_path) == {"a": "0o700"}
    assert modes(tmp_path / "a") == {"b": "0o700"}


@pytest.mark.usefixtures("open_umask")
def test_what_an_earlier_version_left_open_is_tightened(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.write() as session:
        session.execute(text("DELETE FROM outbox"))
    path = Path(str(database.url.database))
    beside = [path.with_name(path.name + ending) for ending in ("", "-wal", "-shm", "-queue")]
    for file in beside:
        file.chmod(0o666)
    again = Database(sqlite_url)
    assert {stat.S_IMODE(file.stat().st_mode) for file in beside} == {0o600}
    for opened in (database, again):
        opened.close()


def test_a_folder_that_was_there_stays_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    Database(f"sqlite:///{tmp_path}/machi.db").close()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_no_moment_in_which_others_could_open_it(tmp_path: Path) -> None:
    """Another process looks all the while; a file made wide and tightened afterwards would be seen once in a while."""
    watcher = (
        "import os, sys\nseen = set()\nprint(flush=True)\n"
        "while not os.path.exists(sys.argv[1] + '/over'):\n"
        "    for entry in os.scandir(sys.argv[1]):\n"
        "        if entry.name.startswith('machi'):\n"
        "            try: seen.add(oct(entry.stat().st_mode & 0o777))\n"
        "            except FileNotFoundError: pass\n"
        "print(sorted(seen))"
    )
    before = os.umask(0)
    with subprocess.Popen([sys.executable, "-c", watcher, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        for n in range(40):
            database = Database(f"sqlite:///{tmp_path}/machi{n}.db")
            with database.write() as session:
                session.execute(text("CREATE TABLE x (y)"))
            database.close()
        (tmp_path / "over").touch()
        assert process.stdout.read() == "['0o600']\n"
    os.umask(before)
