"""Events applied with receipts, history and outbox, one at a time and in batches, beside what the database itself can do."""

from __future__ import annotations

import http.client
import itertools
import sqlite3
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from . import press
from .cpu import cpu_seconds
from .instance import EVENT_SOURCE, instance
from .target import Target

RESIDENTS = 1000
SENDERS = 4
_numbers = itertools.count(1)


def run(kinds: list[str], seconds: int, rounds: int) -> None:
    """Print events a second and their CPU beside sign-ons of the same run, the database's own commits and bulk inserts."""
    print(f"{'':12} {'':12} {'per s':>8} {'min':>8} {'max':>8} {'CPU ms':>7}")
    for kind in kinds:
        with instance(kind, RESIDENTS) as target:
            token = access_token(target)
            works: dict[str, Callable[[], tuple[float, float]]] = {
                "sign-on": partial(_sign_on, target, seconds),
                "single": partial(_send, target, token, seconds, 1),
                "batch of 100": partial(_send, target, token, seconds, 100),
                "batch of 500": partial(_send, target, token, seconds, 500),
                "commits": partial(_commits, target, seconds, 1),
                "bulk insert": partial(_commits, target, seconds, 500),
            }
            found: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
            for _ in range(rounds):
                for name, work in works.items():
                    found[name].append(work())
            for name, results in found.items():
                rates, cpu = [r for r, _ in results], [c for _, c in results]
                line = (
                    f"{statistics.median(rates):8.0f} {min(rates):8.0f} {max(rates):8.0f} {statistics.median(cpu):7.2f}"
                )
                print(f"{name:12} {kind:12} {line}", flush=True)


def event(number: int) -> dict[str, Any]:
    """A new case of one of the residents."""
    return {
        "specversion": "1.0", "id": f"e-{number}", "source": EVENT_SOURCE, "type": "jp.machi.case.status.v1",
        "subject": f"K-{number}", "time": "2026-05-11T09:30:00+09:00", "sequence": f"{1:020d}",
        "datacontenttype": "application/json",
        "data": {
            "resident": {"format": "local_number", "number": f"{number % RESIDENTS:010d}"},
            "procedure": {"code": "jidou-teate", "title": {"ja": "児童手当", "en": "Child allowance"}},
            "received_at": "2026-05-01T10:00:00+09:00", "phase": "in_review", "label": {"ja": "審査中", "en": "In review"},
            "expected_by": "2026-06-15",
        },
    }  # fmt: skip


def post(connection: http.client.HTTPConnection, token: str, events: list[dict[str, Any]]) -> None:
    single = len(events) == 1
    kind = "cloudevents" if single else "cloudevents-batch"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": f"application/{kind}+json"}
    connection.request("POST", "/api/v1/events", orjson.dumps(events[0] if single else events), headers)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 202 or body.count(b'"accepted"') != len(events):
        raise SystemExit(f"bench: events were not accepted: {answer.status} {body[:500]!r}")


def connect(target: Target) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(target.base).netloc, timeout=60)


def access_token(target: Target) -> str:
    connection = connect(target)
    headers = {"Authorization": f"Basic {target.basic}", "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", target.paths.token, "grant_type=client_credentials", headers)
    return str(orjson.loads(connection.getresponse().read())["access_token"])


def _sign_on(target: Target, seconds: int) -> tuple[float, float]:
    """What an event is measured by."""
    result = press.sign_on(target, seconds)
    return result.per_second, result.cpu


def _send(target: Target, token: str, seconds: int, size: int) -> tuple[float, float]:
    """`(events a second, CPU ms an event)` with several senders at once."""
    counts: list[int] = []
    started, before = time.monotonic(), cpu_seconds(target.pids)

    def sender() -> None:
        connection, done = connect(target), 0
        while time.monotonic() - started < seconds:
            post(connection, token, [event(next(_numbers)) for _ in range(size)])
            done += size
        counts.append(done)

    threads = [threading.Thread(target=sender) for _ in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = sum(counts)
    return total / (time.monotonic() - started), (cpu_seconds(target.pids) - before) / max(total, 1) * 1000


def _commits(target: Target, seconds: int, rows: int) -> tuple[float, float]:
    """Rows a second into one narrow table, `rows` to a commit, on one connection with the durability of the product."""
    body = orjson.dumps(event(0)).decode()
    started, done = time.monotonic(), 0
    for insert in _inserts(target.database_url):
        insert([(f"r-{next(_numbers)}", body) for _ in range(rows)])
        done += rows
        if time.monotonic() - started > seconds:
            break
    return done / (time.monotonic() - started), 0.0


def _inserts(url: str) -> Iterator[Callable[[list[tuple[str, str]]], None]]:
    if url.startswith("sqlite"):
        from idp.foundation.database import prepare_sqlite

        own = sqlite3.connect(Path(url.removeprefix("sqlite:///")).with_name("commits.db"))
        prepare_sqlite(own)
        own.execute("CREATE TABLE IF NOT EXISTS bench_row (id TEXT PRIMARY KEY, body TEXT)")

        def into_sqlite(values: list[tuple[str, str]]) -> None:
            own.execute("BEGIN IMMEDIATE")
            own.executemany("INSERT INTO bench_row VALUES (?, ?)", values)
            own.execute("COMMIT")

        yield from itertools.repeat(into_sqlite)
    import psycopg

    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS bench_row (id TEXT PRIMARY KEY, body TEXT)")
        connection.commit()

        def into_postgresql(values: list[tuple[str, str]]) -> None:
            connection.cursor().executemany("INSERT INTO bench_row VALUES (%s, %s)", values)
            connection.commit()

        yield from itertools.repeat(into_postgresql)
