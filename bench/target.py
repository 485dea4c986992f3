"""What a driver needs to press a provider, ours or the peer."""

from __future__ import annotations

import base64
import hashlib
import socket
import subprocess
import time
import urllib.request
from dataclasses import dataclass, field

VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
REDIRECT = "http://localhost:9/callback"
CONNECTIONS = 8
MAX_ROUNDS = 9


@dataclass(frozen=True)
class Paths:
    """Where the endpoints are; ours by default."""

    authorize: str = "/authorize"
    token: str = "/token"
    userinfo: str = "/userinfo"
    introspect: str = "/introspect"
    discovery: str = "/.well-known/openid-configuration"


@dataclass
class Target:
    """Where and how to press. `pids` are the processes whose CPU time the work costs."""

    name: str
    base: str
    cookie: str
    client_id: str
    secret: str
    refresh_tokens: list[str]
    paths: Paths = field(default_factory=Paths)
    access_token: str = ""
    database_url: str = ""
    started_in: float = 0.0
    pids: list[int] = field(default_factory=list)

    @property
    def basic(self) -> str:
        return base64.b64encode(f"{self.client_id}:{self.secret}".encode()).decode()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes], seconds: float = 30) -> float:
    """Until `url` answers; returns the seconds it took. Ends the program if the server does first, or never answers."""
    started = time.monotonic()
    while time.monotonic() < started + seconds:
        if process.poll() is not None:
            raise SystemExit("bench: the server ended before it was ready")
        try:
            with urllib.request.urlopen(url, timeout=1):
                return time.monotonic() - started
        except OSError:
            time.sleep(0.02)
    raise SystemExit("bench: the server did not become ready")
