"""Cold start to the first answer (seconds, and of CPU), and memory at rest, ours and the peer's."""

from __future__ import annotations

import time
from contextlib import ExitStack

from .cpu import cpu_seconds, resident_megabytes
from .instance import instance
from .peer import peer


def run(kinds: list[str], with_peer: bool) -> None:
    """Print seconds and megabytes (without the database server or Redis)."""
    print(f"{'':18} {'start s':>8} {'CPU s':>8} {'all, MB':>8} {'largest, MB':>12}")
    for kind in [*kinds, *(["peer"] if with_peer else [])]:
        with ExitStack() as stack:
            target = stack.enter_context(peer() if kind == "peer" else instance(kind))
            time.sleep(2)  # what start-up left to do in the background
            together, largest = resident_megabytes(target.pids[:1])
            cpu = cpu_seconds(target.pids[:1])
            print(f"{target.name:18} {target.started_in:8.2f} {cpu:8.2f} {together:8.0f} {largest:12.0f}", flush=True)
