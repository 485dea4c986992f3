"""Writers of one SQLite file take turns, whatever process they are in."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from idp.foundation.database import Database
from idp.foundation.write_queue import WriteQueue

HOLD = """
import sys
from idp.foundation.write_queue import WriteQueue
with WriteQueue(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""
INSERT = """
import sys
from sqlalchemy import text
from idp.foundation.database import Database
database = Database(sys.argv[1])
for number in range(200):
    with database.write() as session:
        session.execute(text("UPDATE counter SET value = value + 1"))
"""


def test_a_turn_held_by_another_process_is_waited_for_and_ends_with_it(tmp_path: Path) -> None:
    path = str(tmp_path / "queue")
    other = subprocess.Popen([sys.executable, "-c", HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout is not None
    assert other.stdout.readline() == b"held\n"
    had = threading.Event()

    def want() -> None:
        with WriteQueue(path):
            had.set()

    thread = threading.Thread(target=want)
    thread.start()
    assert not had.wait(0.2)
    other.kill()  # not even asked to let go
    assert had.wait(10)
    thread.join(10)
    other.communicate()


def test_an_error_inside_gives_the_turn_back(tmp_path: Path) -> None:
    queue = WriteQueue(str(tmp_path / "queue"))
    with pytest.raises(ZeroDivisionError), queue:
        raise ZeroDivisionError
    with queue:
        pass
    queue.close()
    with queue:  # and it opens again
        pass


def test_a_queue_that_cannot_be_made_is_an_error_each_time_and_holds_nobody(tmp_path: Path) -> None:
    queue = WriteQueue(str(tmp_path / "nowhere" / "queue"))
    for _ in range(2):
        with pytest.raises(FileNotFoundError), queue:
            raise AssertionError


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    from sqlalchemy import text

    url = f"sqlite:///{tmp_path / 'file.db'}"
    database = Database(url)
    with database.write() as session:
        session.execute(text("CREATE TABLE counter (value INTEGER)"))
        session.execute(text("INSERT INTO counter VALUES (0)"))
    writers = [subprocess.Popen([sys.executable, "-c", INSERT, url]) for _ in range(2)]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    with database.read() as session:
        assert session.scalar(text("SELECT value FROM counter")) == 400
    database.close()
