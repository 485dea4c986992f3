"""The demo, started as `make demo` starts it, on free ports with data of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.support.server import free_port

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Demo:
    """Its addresses, its process and its folder."""

    port: int
    state: Path
    process: subprocess.Popen[bytes]

    @property
    def issuer(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def childcare(self) -> str:
        return f"http://localhost:{self.port + 1}"

    @property
    def benefits(self) -> str:
        return f"http://localhost:{self.port + 2}"


def start(port: int, state: Path) -> Demo:
    """Start and wait until all four parts answer."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MACHI_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "deploy.demo", "--port", str(port), "--state", str(state)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.stdout is not None
    deadline = time.monotonic() + 90
    for line in process.stdout:
        if b"Ready in" in line:
            return Demo(port, state, process)
        assert time.monotonic() < deadline, "the demo did not become ready"
    raise AssertionError(f"the demo ended with {process.wait()}")


def stop(demo: Demo, with_signal: int = signal.SIGTERM) -> int:
    """Ask it to end and return its exit code; nothing of it may keep listening."""
    demo.process.send_signal(with_signal)
    return demo.process.wait(20)


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """One city for the tests of a module; each uses a resident of its own."""
    with tempfile.TemporaryDirectory(prefix="machi-demo-") as folder:
        running = start(four_ports(), Path(folder))
        yield running
        if running.process.poll() is None:
            stop(running)


def four_ports() -> int:
    """The first of four neighbouring free ports."""
    while True:
        first = free_port()
        if first < 65000 and all(_free(first + n) for n in range(1, 4)):
            return first


def _free(port: int) -> bool:
    try:
        requests.get(f"http://127.0.0.1:{port}/", timeout=0.2)
    except requests.ConnectionError:
        return True
    except requests.Timeout:
        return False
    return False
