"""The parts of the city, each in a process of its own as in a city, with a file for what it says."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path


class Parts:
    """Processes by name. Logs are begun anew at each start."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, arguments: list[str], environment: dict[str, str]) -> None:
        """A session of its own keeps the terminal's Ctrl-C to us."""
        with self.log(name).open("wb") as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                env={**os.environ, **environment},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def ended(self) -> str | None:
        """The name of one that runs no more."""
        return next((name for name, process in self._running.items() if process.poll() is not None), None)

    def log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def last_words(self, name: str) -> str:
        return "\n".join(self.log(name).read_text("utf-8", "replace").splitlines()[-10:])

    def stop(self) -> None:
        """End all, those that do not listen after ten seconds by force."""
        for process in self._running.values():
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + 10
        for process in self._running.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
