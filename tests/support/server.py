"""The product as a process of its own, on a free port, reached over HTTP only."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from .waiting import until

ROOT = Path(__file__).resolve().parents[2]


def free_port(neighbours: int = 0) -> int:
    """A port that is free now, with this many free ones after it. Below the range from which the system numbers outgoing
    connections: between the look and the use, one of those could take it.
    """
    while True:
        first = _random.randrange(20000, 32768 - neighbours)
        if all(_is_free(first + n) for n in range(neighbours + 1)):
            return first


_random = random.SystemRandom()  # not the seeded one: the test processes would try the same ports


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def environment(issuer: str, **settings: str) -> dict[str, str]:
    """The environment of a process of the product; `settings` are names without MACHI_."""
    return {
        **{k: v for k, v in os.environ.items() if not k.startswith("MACHI_")},
        "MACHI_DEMO": "true",
        "MACHI_ISSUER": issuer,
        "MACHI_OUTBOUND_LOOPBACK": "true",
        "MACHI_HTTP_REDIRECTS_ON_LOCALHOST": "true",
        **{f"MACHI_{name.upper()}": value for name, value in settings.items()},
    }


def machi(issuer: str, *words: str, **settings: str) -> str:
    """What a `machi` command of a process of its own says."""
    command = [sys.executable, "-m", "machi_id", *words]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(issuer, **settings), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@contextmanager
def running(
    log: Path, port: int, processes: int = 1, threads: int = 16, drain: int = 0, **settings: str
) -> Iterator[str]:
    """Serve with `settings` (names without MACHI_) until the block ends; gives the issuer."""
    issuer = f"http://localhost:{port}"
    command = [
        sys.executable,
        "-m",
        "machi_id",
        "serve",
        "--port",
        str(port),
        "--processes",
        str(processes),
        "--threads",
        str(threads),
        "--drain",
        str(drain),
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment(issuer, **settings), stdout=output, stderr=subprocess.STDOUT
        )
        try:
            until(lambda: _healthy(issuer) or _dead(process, log), 40)
            yield issuer
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _healthy(issuer: str) -> bool:
    try:
        return requests.get(f"{issuer}/healthz", timeout=2).status_code == 200
    except requests.RequestException:
        return False


def _dead(process: subprocess.Popen[bytes], log: Path) -> bool:
    if process.poll() is not None:
        raise AssertionError(f"the server ended: {log.read_text()[-2000:]}")
    return False
