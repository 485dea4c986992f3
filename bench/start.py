"""Cold start to the first answer, and memory at rest, ours and the peer's."""

from __future__ import annotations

import time
from contextlib import ExitStack

from .cpu import resident_megabytes
from .instance import instance
from .peer import peer


def run(kinds: list[str], with_peer: bool) -> None:
    """Print seconds and megabytes (PSS, without the database server or Redis)."""
    print(f"{'':18} {'start s':>8} {'at rest MB':>10}")
    for kind in [*kinds, *(["peer"] if with_peer else [])]:
        with ExitStack() as stack:
            target = stack.enter_context(peer() if kind == "peer" else instance(kind))
            time.sleep(2)  # what start-up left to do in the background
            print(f"{target.name:18} {target.started_in:8.2f} {resident_megabytes(target.pids[:1]):10.0f}", flush=True)
