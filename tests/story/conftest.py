"""The demo, started as `make demo` starts it, on free ports with data of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pytest

from tests.support.server import free_port

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Demo:
    """Its addresses, its process and its folder."""

    port: int
    state: Path
    process: subprocess.Popen[bytes]
    path: str = ""
    said: list[str] = field(default_factory=list)

    @property
    def issuer(self) -> str:
        return f"http://localhost:{self.port}{self.path}"

    @property
    def childcare(self) -> str:
        return f"http://localhost:{self.port + 1}" + (f"{self.path}/childcare" if self.path else "")

    @property
    def benefits(self) -> str:
        return f"http://localhost:{self.port + 2}" + (f"{self.path}/benefits" if self.path else "")


def start(port: int, state: Path, path: str = "") -> Demo:
    """Start and wait until all four parts answer."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MACHI_")}
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy.demo", "--port", str(port), "--state", str(state), "--path", path],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=complaints,
            start_new_session=True,
        )
        return _when_ready(Demo(port, state, process, path), complaints)


def _when_ready(demo: Demo, complaints: IO[bytes]) -> Demo:
    process = demo.process
    assert process.stdout is not None
    for line in process.stdout:
        demo.said.append(line.decode().rstrip("\n"))
        if b"Ready in" in line:
            return demo
    code = process.wait()
    complaints.seek(0)
    raise AssertionError(f"the demo ended with {code}: {complaints.read().decode()}")


def stop(demo: Demo, with_signal: int = signal.SIGTERM) -> int:
    """Ask it to end and return its exit code; nothing of it may keep listening."""
    demo.process.send_signal(with_signal)
    return demo.process.wait(20)


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """One city for the tests of a module; each uses a resident of its own."""
    with tempfile.TemporaryDirectory(prefix="machi-demo-") as folder:
        running = start(free_port(neighbours=3), Path(folder))
        yield running
        if running.process.poll() is None:
            stop(running)
