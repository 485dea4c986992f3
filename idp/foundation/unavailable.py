"""The database is away: one error for whoever asked, whatever the driver called it (outage.py), and whether anything was done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .outage import is_unavailable


class UnavailableError(Exception):
    """The database cannot be used just now. `nothing_done`: nothing of what was asked is in it, so asking again is safe; otherwise
    the connection was lost while it committed, and nobody can say.
    """

    def __init__(self, nothing_done: bool = True) -> None:
        super().__init__("the database is away" if nothing_done else "the database went away during a commit")
        self.nothing_done = nothing_done


@contextmanager
def as_unavailable() -> Iterator[None]:
    """Turn what says that the database is away into `UnavailableError`; for work that does not commit."""
    try:
        yield
    except UnavailableError:
        raise
    except Exception as error:
        if is_unavailable(error):
            raise UnavailableError from error
        raise
