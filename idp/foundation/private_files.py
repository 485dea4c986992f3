"""Files of ours that nobody else on the machine may read, from their first byte on, whatever the umask."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

FILE, FOLDER = 0o600, 0o700
_COMPANIONS = ("", "-wal", "-shm", "-journal", "-queue")


def private_folder(path: Path) -> None:
    """Make the folder and those above it that are missing, each for us alone; one that is there stays as it is."""
    for folder in (*reversed(path.parents), path):
        if not folder.exists():
            folder.mkdir(FOLDER, exist_ok=True)


def private_database(path: Path) -> None:
    """Have SQLite's file there, empty if it is new, and take from others what they may do with it and its companions.

    SQLite gives `-wal` and `-shm` the mode of the file, so it must be right before SQLite opens it.
    """
    with suppress(OSError):  # what keeps us from it SQLite will say, when it is used
        private_folder(path.parent)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE))
    for ending in _COMPANIONS:
        tighten(Path(f"{path}{ending}"))


def tighten(path: Path) -> None:
    """Mode 0600 for a file of ours that is there; another's is left to its owner, and so is a file system without modes."""
    with suppress(OSError):
        found = path.stat()
        if found.st_mode & 0o077 and found.st_uid == os.geteuid():
            path.chmod(FILE)
