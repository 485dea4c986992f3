"""Pressing with wrk: one connection per thread, so that each walks through its steps in order."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .cpu import cpu_seconds
from .target import CHALLENGE, CONNECTIONS, REDIRECT, VERIFIER, Target

HERE = Path(__file__).parent
_RESULT = re.compile(r"RESULT units=(\d+) failed=(\d+) seconds=([\d.]+) p50_ms=([\d.]+) p99_ms=([\d.]+)")


@dataclass(frozen=True)
class Result:
    """`per_second` units of work; latencies are of single requests, in ms; `cpu` in ms a unit, of all the target's processes."""

    per_second: float
    failed: int
    p50: float
    p99: float
    cpu: float


def sign_on(target: Target, seconds: int) -> Result:
    """authorize with a live login -> code -> token -> userinfo."""
    paths = target.paths
    who = (target.cookie, target.client_id, target.basic, REDIRECT, CHALLENGE, VERIFIER)
    return _wrk(target, seconds, "signon.lua", [*who, paths.authorize, paths.token, paths.userinfo])


def refresh(target: Target, seconds: int) -> Result:
    """Each round uses families of its own: those of the round before were left in mid-rotation when it ended."""
    tokens, target.refresh_tokens = target.refresh_tokens[:CONNECTIONS], target.refresh_tokens[CONNECTIONS:]
    return _wrk(target, seconds, "refresh.lua", [target.basic, target.paths.token, *tokens])


def client_token(target: Target, seconds: int) -> Result:
    """client_credentials, JWT access token."""
    body = "grant_type=client_credentials"
    return _single(target, seconds, "POST", target.paths.token, f"Basic {target.basic}", body, '"access_token"')


def introspection(target: Target, seconds: int) -> Result:
    """A live access token of a resident, by its client."""
    body = f"token={target.access_token}"
    return _single(target, seconds, "POST", target.paths.introspect, f"Basic {target.basic}", body, '"active":true')


def userinfo(target: Target, seconds: int) -> Result:
    return _single(target, seconds, "GET", target.paths.userinfo, f"Bearer {target.access_token}", "-", '"name"')


def discovery(target: Target, seconds: int) -> Result:
    return _single(target, seconds, "GET", target.paths.discovery, "-", "-", '"issuer"')


WORK: dict[str, Callable[[Target, int], Result]] = {
    "sign-on": sign_on,
    "refresh": refresh,
    "client token": client_token,
    "introspection": introspection,
    "userinfo": userinfo,
    "discovery": discovery,
}


def _single(target: Target, seconds: int, *request: str) -> Result:
    return _wrk(target, seconds, "single.lua", list(request))


def _wrk(target: Target, seconds: int, script: str, arguments: list[str]) -> Result:
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit("bench: wrk is missing (Debian: apt-get install wrk)")
    count = str(CONNECTIONS)
    before = cpu_seconds(target.pids)
    done = subprocess.run(
        [wrk, "-t", count, "-c", count, "-d", f"{seconds}s", "-s", str(HERE / script), target.base, "--", *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    cpu = cpu_seconds(target.pids) - before
    found = _RESULT.search(done.stdout)
    if found is None:
        raise SystemExit(f"bench: no result from wrk:\n{done.stdout}{done.stderr}")
    units, failed, duration, p50, p99 = (float(x) for x in found.groups())
    return Result(units / duration, int(failed), p50, p99, cpu / max(units, 1) * 1000)
