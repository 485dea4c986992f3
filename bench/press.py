"""Pressing with wrk: one connection per thread, so that each walks through its steps in order."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .instance import CHALLENGE, CONNECTIONS, REDIRECT, VERIFIER, Target

HERE = Path(__file__).parent
_RESULT = re.compile(r"RESULT units=(\d+) failed=(\d+) seconds=([\d.]+) p50_ms=([\d.]+) p99_ms=([\d.]+)")


@dataclass(frozen=True)
class Result:
    """`per_second` units of work; latencies are of single requests, in ms."""

    per_second: float
    failed: int
    p50: float
    p99: float


def sign_on(target: Target, seconds: int) -> Result:
    return _wrk(
        target,
        seconds,
        "signon.lua",
        [
            target.cookie,
            target.client_id,
            target.basic,
            REDIRECT,
            CHALLENGE,
            VERIFIER,
            "/authorize",
            "/token",
            "/userinfo",
        ],
    )


def refresh(target: Target, seconds: int) -> Result:
    """Each round uses families of its own: those of the round before were left in mid-rotation when it ended."""
    tokens, target.refresh_tokens = target.refresh_tokens[:CONNECTIONS], target.refresh_tokens[CONNECTIONS:]
    return _wrk(target, seconds, "refresh.lua", [target.basic, "/token", *tokens])


def _wrk(target: Target, seconds: int, script: str, arguments: list[str]) -> Result:
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit("bench: wrk is missing (Debian: apt-get install wrk)")
    count = str(CONNECTIONS)
    done = subprocess.run(
        [wrk, "-t", count, "-c", count, "-d", f"{seconds}s", "-s", str(HERE / script), target.base, "--", *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    found = _RESULT.search(done.stdout)
    if found is None:
        raise SystemExit(f"bench: no result from wrk:\n{done.stdout}{done.stderr}")
    units, failed, duration, p50, p99 = (float(x) for x in found.groups())
    return Result(units / duration, int(failed), p50, p99)
