"""Open pages on `machi live`, beside a web server, Redis and SQLite on the same machine: what they cost, and when they see something.

`python -m bench live` (10,000 pages, about four minutes); `--pages 2000` for less. The pages' own process shares the cores.
"""

from __future__ import annotations

import http.client
import itertools
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from .cpu import cpu_seconds
from .instance import EVENT_SOURCE, instance
from .intake import access_token, connect
from .target import CHALLENGE, REDIRECT, VERIFIER, Target, free_port, wait_for

FIRST = 5_000_000_000
"""Local number of the first page's resident."""
IDLE_SECONDS = 15.0
PER_SECOND = 200
IN_A_REQUEST = 5
EVENT_SECONDS = 15.0
FLOOD = 1500
WAIT_FOR_BACK = 45.0
_numbers = itertools.count(1)


def run(pages: int) -> None:
    """Print the figures, with what is asked of each."""
    with ExitStack() as stack:
        target = stack.enter_context(instance("sqlite"))
        logins = _people(pages + 1)
        port = free_port()
        live = stack.enter_context(_Live.running(port))
        crowd = stack.enter_context(_Crowd.running(port, [cookie for cookie, _ in logins[:pages]]))
        signons = stack.enter_context(_SignOns.running(target))
        print(f"{pages} open pages, {os.cpu_count()} cores", flush=True)
        _open(live, crowd, pages)
        access = access_token(target)
        _events(target, access, crowd, pages)
        _notice(target, access, crowd, pages)
        _restart(target, access, live, crowd, pages, signons, signal.SIGTERM)
        _restart(target, access, live, crowd, pages, signons, signal.SIGKILL)
        _flood(crowd, signons, logins[pages][0])
        _ends(crowd, [session_id for _, session_id in logins[:200]])


def _line(what: str, found: str, asked: str) -> None:
    print(f"{what:44} {found:34} {asked}", flush=True)


def _of(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


# the parts ------------------------------------------------------------------------------------------------------------------------


def _open(live: _Live, crowd: _Crowd, pages: int) -> None:
    empty, cpu = live.memory(), live.cpu()
    took = crowd.ask("open_all")
    crowd.ask("take")
    opened = live.cpu() - cpu
    time.sleep(2)
    cpu, began = live.cpu(), time.monotonic()
    time.sleep(IDLE_SECONDS)
    idle = (live.cpu() - cpu) / (time.monotonic() - began)
    _line("all open in", f"{took:.1f} s, {opened / pages * 1e6:.0f} µs of CPU each", "")
    _line(
        "memory a page",
        f"{(live.memory() - empty) / pages / 1024:.1f} KB (process {live.memory() / 2**20:.0f} MB)",
        "<= 40 KB",
    )
    _line("CPU a page and second, heartbeats and logins", f"{idle / pages * 1e6:.1f} µs", "<= 10 µs")


def _events(target: Target, access: str, crowd: _Crowd, pages: int) -> None:
    """From four senders, a few in a request, each event to the resident of another page."""
    accepted: dict[int, float] = {}
    order = iter(random.sample(range(pages), pages))
    failed: list[int] = []
    lock = threading.Lock()
    ends = time.monotonic() + EVENT_SECONDS

    def sender() -> None:
        connection, due = connect(target), time.monotonic()
        while time.monotonic() < ends:
            with lock:
                some = list(islice(order, IN_A_REQUEST))
            if not some:
                return
            failed.append(len(some) - _post(connection, access, [_event("case.status", page) for page in some]))
            accepted.update(dict.fromkeys(some, time.monotonic()))
            due += SENDERS * IN_A_REQUEST / PER_SECOND
            time.sleep(max(0.0, due - time.monotonic()))

    began = time.monotonic()
    _together([threading.Thread(target=sender) for _ in range(SENDERS)])
    rate = len(accepted) / (time.monotonic() - began)
    seen = crowd.hear("change", set(accepted), 10)
    late = [max(0.0, seen[page] - accepted[page]) for page in accepted if page in seen]
    lost = len(accepted) - len(late) + sum(failed)
    _line(
        f"{rate:.0f} events/s, accepted to seen",
        f"p50 {_of(late, 0.5):.3f}, p99 {_of(late, 0.99):.3f} s, {lost} lost",
        "p99 < 1 s",
    )


def _notice(target: Target, access: str, crowd: _Crowd, pages: int) -> None:
    """The same notice to everybody, in batches of 500 from four senders."""
    accepted: dict[int, float] = {}
    batches = [range(first, min(pages, first + 500)) for first in range(0, pages, 500)]
    waiting = iter(batches)
    lock = threading.Lock()

    def sender() -> None:
        connection = connect(target)
        while True:
            with lock:
                batch = next(waiting, None)
            if batch is None:
                return
            _post(connection, access, [_event("notice.published", page) for page in batch])
            accepted.update(dict.fromkeys(batch, time.monotonic()))

    began = time.monotonic()
    _together([threading.Thread(target=sender) for _ in range(SENDERS)])
    took = time.monotonic() - began
    seen, data = crowd.hear_with_data("change", set(accepted), 15)
    late = [max(0.0, seen[page] - accepted[page]) for page in accepted if page in seen]
    told = [orjson.loads(one) for one in data.values()]
    words = sum(1 for one in told if "words" in one)
    waits = [one.get("in", 0) / 1000 for one in told]
    _line("one notice to all, its words seen", f"p50 {_of(late, 0.5):.2f}, p99 {_of(late, 0.99):.2f} s", "p99 < 2 s")
    _line("", f"{len(seen)} of {pages} told, {words} with words, taken in within {took:.1f} s", "all")
    _line("", f"pages fetch one after another within {max(waits, default=0):.0f} s", "")


def _restart(
    target: Target, access: str, live: _Live, crowd: _Crowd, pages: int, signons: _SignOns, how: signal.Signals
) -> None:
    crowd.ask("take")
    signons.take()
    began = time.monotonic()
    live.stop(how)
    missed = random.sample(range(pages), min(200, pages))
    _post(connect(target), access, [_event("case.status", page) for page in missed])
    live.start()
    down = time.monotonic() - began
    while (now := crowd.ask("now_open")) < pages and time.monotonic() < began + WAIT_FOR_BACK:
        time.sleep(0.05)
    took = time.monotonic() - began
    heard = crowd.take(2.0)
    told = {page for page, name, _, _ in heard if name == "change"}
    look = {page for page, name, _, data in heard if name == "hello" and '"in"' in data}
    away = set(crowd.ask("away"))
    lost = len(set(missed) - told - look - away)
    name = "asked to end" if how == signal.SIGTERM else "killed"
    latencies = signons.take()
    _line(f"live server {name}: all back in", f"{took:.1f} s ({now}; it was away {down:.1f} s)", "<= 30 s")
    _line("", f"{len(away)} pages not back when the wait ended", "0")
    _line("", f"{lost} of {len(set(missed) - away)} changes lost, {len(look)} pages look at everything", "0")
    _line("", f"sign-ons meanwhile p99 {_of(latencies, 0.99) * 1000:.0f} ms ({len(latencies)})", "< 300 ms")


def _flood(crowd: _Crowd, signons: _SignOns, cookie: str) -> None:
    signons.take()
    before = crowd.ask("now_open")
    found = crowd.ask("flood", cookie, FLOOD, 5.0)
    latencies = signons.take()
    said = ", ".join(f"{status}: {count}" for status, count in sorted(found.items()) if status.isdigit())
    _line(f"{found['opened'] / found['ms'] * 1000:.0f} streams/s from one login", said, f"{FLOOD}/s")
    _line("", f"{before - crowd.ask('now_open')} other pages lost", "0")
    _line("", f"sign-ons meanwhile p99 {_of(latencies, 0.99) * 1000:.0f} ms ({len(latencies)})", "< 300 ms")


def _ends(crowd: _Crowd, session_ids: list[str]) -> None:
    """Logins end one after another, fifty a second."""
    from idp.logins import end_sessions
    from machi_id.wsgi import create_app

    app = create_app(worker=False)
    parts = app.extensions["machi"]
    crowd.ask("take")
    ended: dict[int, float] = {}
    with app.test_request_context():
        for number, session_id in enumerate(session_ids):
            with parts.database.write() as session:
                end_sessions(session, [session_id], by="resident")
            parts.worker.wake()
            ended[number] = time.monotonic()
            time.sleep(0.02)
    seen = crowd.hear("ended", set(ended), 10)
    late = [max(0.0, seen[page] - ended[page]) for page in ended if page in seen]
    _line(
        "a login's end to its stream's end", f"p99 {_of(late, 0.99):.3f} s, {len(ended) - len(late)} left open", "< 1 s"
    )
    parts.close()


# the means ------------------------------------------------------------------------------------------------------------------------

SENDERS = 4


def _together(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _event(kind: str, page: int) -> dict[str, Any]:
    number = next(_numbers)
    data: dict[str, Any] = {"resident": {"format": "local_number", "number": f"{FIRST + page:010d}"}}
    if kind == "case.status":
        data |= {
            "procedure": {"code": "jidou-teate", "title": {"ja": "児童手当", "en": "Child allowance"}},
            "received_at": "2026-05-01T10:00:00+09:00",
            "phase": "in_review",
        }
    else:
        data |= {
            "title": {"ja": "断水のお知らせ", "en": "Water will be off"},
            "body": {"ja": "明日の朝です。", "en": "Tomorrow morning."},
        }
    return {
        "specversion": "1.0", "id": f"l-{number}", "source": EVENT_SOURCE, "type": f"jp.machi.{kind}.v1",
        "subject": f"L-{number}", "time": "2026-05-11T09:30:00+09:00", "sequence": f"{1:020d}",
        "datacontenttype": "application/json", "data": data,
    }  # fmt: skip


def _post(connection: http.client.HTTPConnection, access: str, events: list[dict[str, Any]]) -> int:
    """How many were accepted."""
    kind = "cloudevents" if len(events) == 1 else "cloudevents-batch"
    body = orjson.dumps(events[0] if len(events) == 1 else events)
    headers = {"Authorization": f"Bearer {access}", "Content-Type": f"application/{kind}+json"}
    connection.request("POST", "/api/v1/events", body, headers)
    answer = connection.getresponse().read()
    return answer.count(b'"accepted"')


def _people(count: int) -> list[tuple[str, str]]:
    """Residents with a local number and a login each: cookie and login id."""
    from sqlalchemy import insert

    from idp.foundation import clock
    from idp.foundation.context import build_parts
    from idp.foundation.ids import new_id, new_secret
    from idp.foundation.settings import load
    from idp.foundation.vault import digest
    from idp.logins import levels
    from idp.logins.model import LoginSession
    from idp.residents.model import RegistryLink, Resident

    parts = build_parts(load())
    now = clock.now()
    factors = levels.dump_factors([levels.Factor("passkey", int(now.timestamp() * 1000))])
    logins: list[tuple[str, str]] = []
    for first in range(0, count, 1000):
        residents: list[dict[str, Any]] = []
        links: list[dict[str, Any]] = []
        sessions: list[dict[str, Any]] = []
        for number in range(FIRST + first, FIRST + min(count, first + 1000)):
            resident_id, session_id, cookie = new_id(), new_id(), new_secret()
            logins.append((cookie, session_id))
            key = {"unified_id": f"B{number}", "match_key": f"b{number}", "near_key": f"b{number}", "attributes": b"-"}
            times = {"created_at": now, "changed_at": now, "claimed_at": now}
            residents.append({"resident_id": resident_id, "state": "active", **key, **times})
            index = parts.vault.index("local-number", f"{number:010d}")
            links.append({"local_index": index, "resident_id": resident_id, "local_sealed": b"-"})
            sessions.append(
                {
                    "session_id": session_id,
                    "token_digest": digest(cookie),
                    "resident_id": resident_id,
                    "factors": factors,
                    "authenticated_at": now,
                    "created_at": now,
                    "seen_at": now,
                    "expires_at": now + timedelta(hours=12),
                    "device": "bench",
                }
            )
        with parts.database.write() as session:
            session.execute(insert(Resident), residents)
            session.execute(insert(RegistryLink), links)
            session.execute(insert(LoginSession), sessions)
    parts.close()
    return logins


class _Live:
    """`machi live`, which can be ended and started again."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.process: subprocess.Popen[bytes]

    @classmethod
    @contextmanager
    def running(cls, port: int) -> Iterator[_Live]:
        live = cls(port)
        live.start()
        try:
            yield live
        finally:
            live.stop(signal.SIGKILL)

    def start(self) -> None:
        command = [sys.executable, "-m", "machi_id", "live", "--port", str(self._port), "--drain", "0"]
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        wait_for(f"http://127.0.0.1:{self._port}/healthz", self.process)

    def stop(self, how: signal.Signals) -> None:
        self.process.send_signal(how)
        self.process.wait(30)

    def cpu(self) -> float:
        return cpu_seconds([self.process.pid])

    def memory(self) -> int:
        """Bytes that nobody shares."""
        lines = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) * 1024


class _Crowd:
    """The pages' process."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @classmethod
    @contextmanager
    def running(cls, port: int, cookies: list[str]) -> Iterator[_Crowd]:
        command = [sys.executable, "-m", "bench.live_pages"]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        crowd = cls(process)
        try:
            crowd.ask("be", port, cookies)
            yield crowd
        finally:
            process.kill()
            process.wait()

    def ask(self, *command: Any) -> Any:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(orjson.dumps(command) + b"\n")
        stdin.flush()
        return orjson.loads(stdout.readline())

    def take(self, after: float = 0.0) -> list[Any]:
        time.sleep(after)
        found: list[Any] = self.ask("take")
        return found

    def hear(self, event: str, pages: set[int], seconds: float) -> dict[int, float]:
        return self.hear_with_data(event, pages, seconds)[0]

    def hear_with_data(self, event: str, pages: set[int], seconds: float) -> tuple[dict[int, float], dict[int, str]]:
        """When each of `pages` first heard `event`, and its data; waits until all have, so long at most."""
        seen: dict[int, float] = {}
        data: dict[int, str] = {}
        ends = time.monotonic() + seconds
        while time.monotonic() < ends and not pages <= seen.keys():
            for page, name, at, said in self.take(0.1):
                if name == event:
                    seen.setdefault(page, at)
                    data.setdefault(page, said)
        return seen, data


class _SignOns:
    """Twenty sign-ons a second on one connection, in the background."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._ends = threading.Event()
        self._took: list[float] = []

    @classmethod
    @contextmanager
    def running(cls, target: Target) -> Iterator[_SignOns]:
        signons = cls(target)
        thread = threading.Thread(target=signons._run)
        thread.start()
        try:
            yield signons
        finally:
            signons._ends.set()
            thread.join()

    def take(self) -> list[float]:
        took, self._took = self._took, []
        return took

    def _run(self) -> None:
        connection = http.client.HTTPConnection(urlsplit(self._target.base).netloc, timeout=60)
        while not self._ends.is_set():
            began = time.monotonic()
            self._sign_on(connection)
            self._took.append(time.monotonic() - began)
            self._ends.wait(max(0.0, 0.05 - (time.monotonic() - began)))

    def _sign_on(self, connection: http.client.HTTPConnection) -> None:
        target, paths = self._target, self._target.paths
        query = f"response_type=code&scope=openid%20profile&state=s&nonce=n&code_challenge_method=S256&code_challenge={CHALLENGE}"
        connection.request(
            "GET",
            f"{paths.authorize}?{query}&client_id={target.client_id}&redirect_uri={REDIRECT}",
            headers={"Cookie": target.cookie},
        )
        answer = connection.getresponse()
        answer.read()
        code = parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]
        form = f"grant_type=authorization_code&code={code}&redirect_uri={REDIRECT}&code_verifier={VERIFIER}"
        headers = {"Authorization": f"Basic {target.basic}", "Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", paths.token, form, headers)
        access = orjson.loads(connection.getresponse().read())["access_token"]
        connection.request("GET", paths.userinfo, headers={"Authorization": f"Bearer {access}"})
        connection.getresponse().read()
