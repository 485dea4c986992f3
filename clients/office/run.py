"""The command line of a departmental app: serve it, or give it a history to show."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from clients.kit import ConfigurationError

from .definition import Department
from .factory import create_app
from .seed import History, Known, seed


def main(department: Department, target: str, history: History, arguments: list[str] | None = None) -> int:
    """Serve (`--port 8001`) or `seed --residents FILE`. `target` is the WSGI application, `module:name`."""
    parser = argparse.ArgumentParser(prog=f"python -m {target.partition('.wsgi')[0]}")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001)
    commands = parser.add_subparsers(dest="command")
    seeding = commands.add_parser("seed", help="give the app a history; a second run does nothing")
    seeding.add_argument(
        "--residents",
        type=Path,
        required=True,
        help='JSON: {"hanako": {"local_number": "0000010011", "sub": "..."}, ...}; or the numbers alone',
    )
    chosen = parser.parse_args(arguments)
    try:
        app = create_app(department)
    except ConfigurationError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    if chosen.command == "seed":
        residents = read_residents(chosen.residents)
        done = seed(app.extensions["office"], residents, history)
        print("seeded" if done else "already seeded", file=sys.stderr)
        return 0
    serve(target, chosen.host, chosen.port)
    return 0


def read_residents(path: Path) -> dict[str, Known]:
    """Resident keys to how the department knows them."""
    found = json.loads(path.read_text("utf-8"))
    return {
        key: Known(local_number=value) if isinstance(value, str) else Known(**value) for key, value in found.items()
    }


def serve(target: str, host: str, port: int) -> None:
    """One process with threads; SIGTERM and SIGINT finish what is under way and stop."""
    from granian.constants import Interfaces
    from granian.server import Server

    Server(
        target,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=4,
        websockets=False,
        log_access=False,
        workers_kill_timeout=10,
    ).serve()
