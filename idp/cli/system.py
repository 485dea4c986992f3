"""Initialise, migrate, run the worker, make a key."""

from __future__ import annotations

import base64
import secrets
import signal
import threading

import click
from flask import current_app

from ..foundation.context import parts
from ..foundation.housekeeping import ensure_scheduled
from ..foundation.key_ring import ensure_ring
from ..foundation.schema import one_at_a_time, upgrade
from ..oidc.jose import ensure_keys
from .health_server import serve_health
from .root import json_option, machi, say


@machi.command()
@json_option
def migrate(as_json: bool) -> None:
    """Bring the database to the newest schema."""
    with one_at_a_time(parts().database):
        upgrade(parts().settings.database_url)
        with parts().database.write() as session:
            ensure_ring(session, parts().vault)
    say(as_json, {"migrated": True}, "The database has the newest schema.")


@machi.command()
@json_option
def init(as_json: bool) -> None:
    """Migrate, and make the first signing keys. Safe to run again, and on several machines at once."""
    with one_at_a_time(parts().database):
        upgrade(parts().settings.database_url)
        with parts().database.write() as session:
            ensure_ring(session, parts().vault)
            ensure_keys(session, parts().vault)
            ensure_scheduled(session)
    place = parts().database.place
    say(as_json, {"initialised": True, "database": place}, f"Ready: schema and signing keys are in {place}.")


@machi.command(with_appcontext=False)
@json_option
def secret(as_json: bool) -> None:
    """Make a value for MACHI_SECRET_KEY."""
    key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    say(as_json, {"secret_key": key}, key)


@machi.command()
@click.option("--health", "address", metavar="HOST:PORT", help="Answer GET /healthz and /readyz there.")
def worker(address: str | None) -> None:
    """Run the delivery loop until told to stop (for MACHI_WORKER=external)."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    loop = parts().worker
    loop.start()
    health = serve_health(current_app._get_current_object(), address) if address else None  # type: ignore[attr-defined]
    click.echo("machi worker: running", err=True)
    stop.wait()
    parts().readiness.drain()
    loop.stop()
    if health is not None:
        health.shutdown()
