"""`make demo`: the whole product on SQLite, in the foreground, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from .city import APPS, STAFF_PASSWORD, Place
from .prepare import prepare

READY_WITHIN = 60.0

GUIDE = """
  Machi ID demo: みほん市, a fictional city

  Open                 {childcare}/        childcare: sign in, apply
                       {benefits}/        benefits: already signed in
                       {issuer}/my/     my page
  Sign in              "My Number Card", test card 見本 花子 (hanako): PIN 1234;
                       the first time also the signature password ABC123
  Back office          {childcare}/staff   password {password}
                       {benefits}/staff   password {password}

  Ctrl-C ends it and keeps its data; `make demo-reset` starts over.
"""


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
    started = time.monotonic()
    environments = prepare(place)
    processes = _start(place, environments)
    stopping: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda n, _frame: stopping.append(n))
    try:
        addresses = [place.issuer, *(place.base_url(app) for app in APPS), place.reader]
        if not _wait_ready(addresses, processes, stopping):
            return 0 if stopping else 1
        print(
            GUIDE.format(
                issuer=place.issuer,
                childcare=place.base_url(APPS[0]),
                benefits=place.base_url(APPS[1]),
                password=STAFF_PASSWORD,
            ),
            f" Ready in {time.monotonic() - started:.1f} s.",
            flush=True,
        )
        while not stopping and all(p.poll() is None for p in processes):
            time.sleep(0.2)
        return 0 if stopping else 1
    finally:
        _stop(processes)


def _start(place: Place, environments: dict[str, dict[str, str]]) -> list[subprocess.Popen[bytes]]:
    """Each part in a process of its own, as in a city; a session of its own keeps the terminal's Ctrl-C to us."""

    def run(arguments: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", *arguments], env={**os.environ, **environment}, start_new_session=True
        )

    processes = [run(["deploy.serve", "--port", str(place.port), "--drain", "0"], place.environment())]
    for app in APPS:
        port = str(place.port + app.offset)
        processes.append(run([f"clients.{app.key}", "--port", port], environments[app.key]))
    reader = ["clients.simulators.card_reader", "--port", str(place.port + 3), "--state", str(place.cards)]
    processes.append(run(reader, {}))
    return processes


def _wait_ready(addresses: list[str], processes: list[subprocess.Popen[bytes]], stopping: list[int]) -> bool:
    deadline = time.monotonic() + READY_WITHIN
    waiting = set(addresses)
    while waiting and not stopping:
        if any(p.poll() is not None for p in processes):
            print("demo: a part ended before it was ready; see its message above", file=sys.stderr)
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


def _stop(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + 10
    for process in processes:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()


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
