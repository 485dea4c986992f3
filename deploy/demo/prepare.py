"""First start: schema, keys, register, apps. Later starts find everything in place and change nothing."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

from .city import APPS, REGISTER, RESIDENTS, STAFF_PASSWORD, App, Place


def prepare(place: Place) -> dict[str, dict[str, str]]:
    """Make ready; returns the environment of each app by its key."""
    place.state.mkdir(parents=True, exist_ok=True)
    os.environ.update(place.environment())
    from clients.simulators.card_reader.deck import Deck

    Deck.open(place.cards)
    from wsgi import create_app

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
        environments[entry.key] = _app(place, entry, machi)
    app.extensions["machi"].close()
    return environments


def _app(place: Place, app: App, machi: Any) -> dict[str, str]:
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
    residents = place.state / "residents.json"
    if not residents.exists():
        residents.write_text(json.dumps(RESIDENTS), "utf-8")
    if not (place.state / f"{app.key}.db").exists():
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
