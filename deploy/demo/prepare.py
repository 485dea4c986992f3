"""First start: schema, keys, register, apps. Later starts find everything in place and change nothing."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask

from idp.foundation.context import parts as parts_of
from idp.oidc.clients.model import Client
from idp.residents.read import resolve_local_number
from idp.residents.subjects import subject_of

from .city import ADMINISTRATOR, APPS, REGISTER, RESIDENTS, STAFF_PASSWORD, App, Place


@dataclass(frozen=True)
class Prepared:
    """The environment of each app by its key, and the way in to the staff desk (None once somebody has a passkey for it)."""

    environments: dict[str, dict[str, str]]
    desk_link: str | None


def prepare(place: Place) -> Prepared:
    """Make ready."""
    place.state.mkdir(parents=True, exist_ok=True)
    os.environ.update(place.environment())
    from clients.simulators.card_reader.deck import Deck

    Deck.open(place.cards)
    from machi_id.wsgi import create_app

    app = create_app(worker=False)
    runner = app.test_cli_runner()

    def machi(*arguments: str) -> dict[str, Any]:
        result = runner.invoke(args=["machi", *arguments, "--json"], catch_exceptions=False)
        lines = [line for line in result.stdout.splitlines() if line.startswith("{")]
        if result.exit_code != 0 or not lines:
            raise SystemExit(f"demo: machi {arguments[0]} failed: {result.stdout}{result.stderr}")
        found: dict[str, Any] = json.loads(lines[-1])
        return found

    machi("init")
    if not (place.state / "imported").exists():
        report = machi("residents", "import", str(REGISTER))
        if report["refused"]:
            raise SystemExit(f"demo: the register has refused lines: {report['refused']}")
        (place.state / "imported").touch()
    environments = {}
    for entry in APPS:
        environments[entry.key] = _app(place, entry, machi, app)
    link = _desk_link(machi)
    app.extensions["machi"].close()
    return Prepared(environments, link)


def _desk_link(machi: Any) -> str | None:
    """A new invitation for the administrator at each start, until it was used: it is good once and for a day."""
    members = [m for m in machi("staff", "list")["staff"] if m["active"]]
    if any(m["passkeys"] for m in members):
        return None
    again = ("--again", members[0]["staff_id"]) if members else ("--name", ADMINISTRATOR, "--role", "administrator")
    return str(machi("staff", "invite", *again)["link"])


def _known_to(provider: Flask, app: App) -> dict[str, dict[str, str]]:
    """The residents as this department knows them. With its `sub` a case is theirs in its app, as it is on my page."""
    parts, found = parts_of(provider), {}
    with parts.database.write() as session:
        sector = session.get_one(Client, app.key).sector
        for key, number in RESIDENTS.items():
            resident_id = resolve_local_number(session, parts.vault, number)
            if resident_id is not None:
                found[key] = {"local_number": number, "sub": subject_of(session, resident_id, sector)}
    return found


def _app(place: Place, app: App, machi: Any, provider: Flask) -> dict[str, str]:
    credentials = place.state / f"{app.key}.json"
    if not credentials.exists():
        registered = machi(
            "clients",
            "register",
            "--metadata",
            json.dumps(place.metadata(app)),
            "--client-id",
            app.key,
            "--event-source",
            app.event_source,
            "--local-numbers",
        )
        _write_private(credentials, {**registered, "secret_key": secrets.token_urlsafe(32), "port": place.port})
    kept = json.loads(credentials.read_text("utf-8"))
    if kept["port"] != place.port:
        raise SystemExit(
            f"demo: this data was made for port {kept['port']}; start with PORT={kept['port']}, or `make demo-reset` first"
        )
    environment = {
        "ISSUER": place.issuer,
        "CLIENT_ID": kept["client_id"],
        "CLIENT_SECRET": kept["client_secret"],
        "BASE_URL": place.base_url(app),
        "DATABASE": str(place.state / f"{app.key}.db"),
        "EVENT_SOURCE": app.event_source,
        "SECRET_KEY": kept["secret_key"],
        "STAFF_PASSWORD": STAFF_PASSWORD,
    }
    if not (place.state / f"{app.key}.db").exists():
        residents = place.state / f"{app.key}-residents.json"
        _write_private(residents, _known_to(provider, app))
        subprocess.run(
            [sys.executable, "-m", f"clients.{app.key}", "seed", "--residents", str(residents)],
            env={**os.environ, **environment},
            check=True,
            capture_output=True,
        )
    return environment


def _write_private(path: Path, content: dict[str, Any]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False)
