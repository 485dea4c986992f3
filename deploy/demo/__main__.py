"""`make demo`: the whole product on SQLite, in the foreground, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import shutil
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from .city import APPS, Place
from .guide import guide
from .parts import Parts
from .prepare import prepare

READY_WITHIN = 60.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.demo")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--state", type=Path, default=Path("var/demo"))
    parser.add_argument("--path", default="", help="serve below this path, as /machi")
    parser.add_argument("--reset", action="store_true", help="forget everything and exit")
    options = parser.parse_args()
    place = Place(options.port, options.state.absolute(), options.path)
    if options.reset:
        shutil.rmtree(place.state, ignore_errors=True)
        print(f"demo: {options.state} is gone; the next start makes the city anew")
        return 0
    for offset in range(4):
        if _taken(place.port + offset):
            print(f"demo: port {place.port + offset} is in use; choose another with PORT=", file=sys.stderr)
            return 1
    return run(place)


def run(place: Place) -> int:
    """Start everything, say where it is, and wait for the end. Returns the exit code."""
    started = time.monotonic()
    print("demo: making the city ready" if place.state.exists() else "demo: making the city", flush=True)
    prepared = prepare(place)
    parts = Parts(place.logs)
    stopping: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda n, _frame: stopping.append(n))
    try:
        # The apps report to the provider from their first moment, so it goes first.
        print("demo: starting the provider and my page", flush=True)
        parts.start("provider", ["machi_id", "serve", "--port", str(place.port), "--drain", "0"], place.environment())
        if not _wait_ready([place.issuer], parts, stopping):
            return 0 if stopping else 1
        print("demo: starting the departments' apps and the card reader", flush=True)
        for app in APPS:
            port = str(place.port + app.offset)
            parts.start(app.key, [f"clients.{app.key}", "--port", port], prepared.environments[app.key])
        reader = ["clients.simulators.card_reader", "--port", str(place.port + 3), "--state", str(place.cards)]
        parts.start("card-reader", reader, {})
        if not _wait_ready([*(place.base_url(app) for app in APPS), place.reader], parts, stopping):
            return 0 if stopping else 1
        print(guide(place, prepared.desk_link, time.monotonic() - started), flush=True)
        while not stopping and parts.ended() is None:
            time.sleep(0.2)
        if not stopping:
            _say_what_ended(parts)
        return 0 if stopping else 1
    finally:
        parts.stop()
        if stopping:
            print("\ndemo: ended; its data is kept", flush=True)


def _wait_ready(addresses: list[str], parts: Parts, stopping: list[int]) -> bool:
    deadline = time.monotonic() + READY_WITHIN
    waiting = set(addresses)
    while waiting and not stopping:
        if parts.ended() is not None:
            _say_what_ended(parts)
            return False
        for address in sorted(waiting):
            try:
                with urllib.request.urlopen(f"{address}/healthz", timeout=2) as answer:  # noqa: S310 - our own address
                    if answer.status == 200:
                        waiting.discard(address)
            except (urllib.error.URLError, OSError):
                continue
        if time.monotonic() > deadline:
            print(f"demo: not ready within {READY_WITHIN:.0f} s: {', '.join(sorted(waiting))}", file=sys.stderr)
            return False
        time.sleep(0.05)
    return not stopping


def _say_what_ended(parts: Parts) -> None:
    name = parts.ended()
    if name is not None:
        print(f"demo: {name} ended by itself; its last words ({parts.log(name)}):", file=sys.stderr)
        print(parts.last_words(name), file=sys.stderr)


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


if __name__ == "__main__":
    sys.exit(main())
