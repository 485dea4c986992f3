"""Initialise, migrate, run the worker, make a key."""

from __future__ import annotations

import base64
import secrets
import signal
import threading
from pathlib import Path

import click
from alembic import command
from alembic.config import Config

from ..foundation.context import parts
from ..foundation.housekeeping import ensure_scheduled
from ..foundation.key_ring import ensure_ring
from ..oidc.keys import ensure_keys
from .root import json_option, machi, say

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def alembic_config(url: str) -> Config:
    """Alembic's configuration for this database."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["machi_url"] = url
    return config


@machi.command()
@json_option
def migrate(as_json: bool) -> None:
    """Bring the database to the newest schema."""
    command.upgrade(alembic_config(parts().settings.database_url), "head")
    with parts().database.write() as session:
        ensure_ring(session, parts().vault)
    say(as_json, {"migrated": True}, "The database has the newest schema.")


@machi.command()
@json_option
def init(as_json: bool) -> None:
    """Migrate, and make the first signing keys. Safe to run again."""
    command.upgrade(alembic_config(parts().settings.database_url), "head")
    with parts().database.write() as session:
        ensure_ring(session, parts().vault)
        ensure_keys(session, parts().vault)
        ensure_scheduled(session)
    say(as_json, {"initialised": True}, "Ready: schema and signing keys are in place.")


@machi.command()
@json_option
def secret(as_json: bool) -> None:
    """Make a value for MACHI_SECRET_KEY."""
    key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    say(as_json, {"secret_key": key}, key)


@machi.command()
def worker() -> None:
    """Run the delivery loop until told to stop (for MACHI_WORKER=external)."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    loop = parts().worker
    loop.start()
    click.echo("machi worker: running", err=True)
    stop.wait()
    loop.stop()
