"""CPU seconds of processes and all their children, from /proc: what a unit of work costs, however busy the machine is."""

from __future__ import annotations

import os
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(roots: list[int]) -> float:
    """User and system time of `roots` and their living descendants, their ended children included."""
    parents: dict[int, list[int]] = {}
    times: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # ended in between
        parents.setdefault(int(fields[1]), []).append(int(entry.name))
        times[int(entry.name)] = sum(int(x) for x in fields[11:15]) / _TICK
    total, waiting = 0.0, list(roots)
    while waiting:
        pid = waiting.pop()
        total += times.get(pid, 0.0)
        waiting += parents.get(pid, [])
    return total


def resident_megabytes(roots: list[int]) -> tuple[float, float]:
    """Memory of the processes and their descendants together, shared pages counted once (PSS), and of the largest of them, all that it
    holds counted (RSS).
    """
    total, largest, waiting = 0, 0, list(roots)
    while waiting:
        pid = waiting.pop()
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            waiting += [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        except OSError:
            continue
        held = {line.split()[0]: int(line.split()[1]) for line in lines if line.endswith(" kB")}
        total += held.get("Pss:", 0)
        largest = max(largest, held.get("Rss:", 0))
    return total / 1024, largest / 1024
