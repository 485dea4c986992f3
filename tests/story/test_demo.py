"""`make demo` as a process: ready quickly, ends cleanly, finds its data again, starts over on request."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
import requests

from tests.support.server import free_port

from .conftest import ROOT, start, stop

pytestmark = [pytest.mark.servers, pytest.mark.xdist_group("story")]


def test_starts_ends_and_finds_its_data_again() -> None:
    with tempfile.TemporaryDirectory(prefix="machi-demo-") as folder:
        state, port = Path(folder) / "city", free_port(neighbours=3)
        demo = start(port, state)
        assert requests.get(f"{demo.issuer}/healthz", timeout=5).status_code == 200
        keys = requests.get(f"{demo.issuer}/jwks", timeout=5).json()
        assert stop(demo, signal.SIGTERM) == 0
        for offset in range(4):
            with pytest.raises(requests.ConnectionError):
                requests.get(f"http://localhost:{port + offset}/healthz", timeout=2)

        again = start(port, state)
        assert requests.get(f"{again.issuer}/jwks", timeout=5).json() == keys
        assert stop(again, signal.SIGINT) == 0

        reset = subprocess.run(
            [sys.executable, "-m", "deploy.demo", "--state", str(state), "--reset"], cwd=ROOT, check=True
        )
        assert reset.returncode == 0
        assert not state.exists()


def test_a_taken_port_is_said_in_one_line() -> None:
    with tempfile.TemporaryDirectory(prefix="machi-demo-") as folder:
        port = free_port(neighbours=3)
        listener = subprocess.Popen(
            [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "-d", folder],
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        try:
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline:
                try:
                    requests.get(f"http://127.0.0.1:{port}/", timeout=1)
                    break
                except requests.ConnectionError:
                    continue
            done = subprocess.run(
                [sys.executable, "-m", "deploy.demo", "--port", str(port), "--state", f"{folder}/city"],
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=30,
            )
            assert done.returncode == 1
            assert f"port {port} is in use" in done.stderr
            assert "Traceback" not in done.stderr
        finally:
            listener.kill()
            listener.wait()
