"""What open pages have to hear, in order and for a while: a page that comes back says up to where it had heard, and gets the rest.

`memory://`: within this process. `redis://`: one stream (XADD) that every process reads. Entries are small JSON objects that say *what*
changed, never what it changed to. Nobody depends on it for the truth: a page that cannot be told what it missed looks at everything.

A mark names a place in the journal and the journal itself: when Redis starts anew, or another server takes over, older marks name
nothing, for something may have been lost.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

import orjson

from .live import LOOK_AGAIN, BusUnavailableError
from .redis_address import failures, open_client

log = logging.getLogger("machi.live")

Entry = dict[str, Any]
STREAM = "machi:journal"
KEPT_MS = 300_000
"""What is older may be forgotten (Redis forgets by the hundred)."""
KEPT_ENTRIES = 5_000
"""In memory, and at most read back by a reader that begins."""
BLOCK_MS = 500
READ_AT_ONCE = 200


Found = tuple[bytes, dict[bytes, bytes]]
"""An entry as Redis gives it."""


class UnreadableError(Exception):
    """What an entry says cannot be known: something else wrote it, or a version to come."""


class Mark(NamedTuple):
    """A place: `epoch` names the journal, the rest orders within it."""

    epoch: str
    ms: int
    number: int

    def __str__(self) -> str:
        return f"{self.epoch}.{self.ms}-{self.number}"

    @classmethod
    def read(cls, text: str) -> Mark | None:
        """From what `str` gave; None for anything else."""
        epoch, _, place = text.partition(".")
        ms, _, number = place.partition("-")
        if not (epoch.isalnum() and all(p.isascii() and p.isdecimal() and len(p) < 20 for p in (ms, number))):
            return None
        return cls(epoch, int(ms), int(number))


class JournalRow(NamedTuple):
    mark: Mark
    entry: Entry


class Reader(Protocol):
    """Called from a thread of the journal's, one call at a time."""

    def begin(self, lines: Sequence[JournalRow], mark: Mark) -> None:
        """Reading begins, or begins anew after a gap: what is still kept, and where the journal is now."""

    def hear(self, lines: Sequence[JournalRow]) -> None:
        """What was appended since."""

    def lost(self) -> None:
        """Nothing can be heard just now."""

    def back(self) -> None:
        """It can again, and nothing was missed: `hear` goes on."""


class Following(Protocol):
    def close(self) -> None: ...


class Journal(Protocol):
    def append(self, entry: Entry) -> None:
        """Raises `BusUnavailableError`."""

    def mark(self) -> str:
        """A place at or before the newest entry, at most about a second old; "" while nobody knows."""

    def follow(self, reader: Reader) -> Following:
        """Have `reader` called from now on, until closed."""

    def close(self) -> None: ...


class MemoryJournal:
    """Within one process; ends with it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: deque[JournalRow] = deque(maxlen=KEPT_ENTRIES)
        self._newest = Mark(secrets.token_hex(4), 0, 0)
        self._readers: list[Reader] = []

    def append(self, entry: Entry) -> None:
        with self._lock:
            now = max(self._newest.ms, int(time.time() * 1000))  # a clock that is set back turns no order round
            self._newest = Mark(self._newest.epoch, now, self._newest.number + 1)
            line = JournalRow(self._newest, entry)
            self._lines.append(line)
            for reader in self._readers:
                reader.hear([line])

    def mark(self) -> str:
        return str(self._newest)

    def follow(self, reader: Reader) -> Following:
        with self._lock:
            reader.begin(list(self._lines), self._newest)
            self._readers.append(reader)
        return _Until(self, reader)

    def leave(self, reader: Reader) -> None:
        with self._lock, suppress(ValueError):
            self._readers.remove(reader)

    def close(self) -> None:
        """Nothing to release."""


class _Until:
    def __init__(self, journal: MemoryJournal, reader: Reader) -> None:
        self._journal, self._reader = journal, reader

    def close(self) -> None:
        self._journal.leave(self._reader)


class RedisJournal:
    """One stream in Redis or Valkey; each process that has pages follows it on one connection."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._client: Any = None
        self._mark = ("", 0.0)

    def append(self, entry: Entry) -> None:
        oldest = int(time.time() * 1000) - KEPT_MS
        try:
            self._speaker().xadd(STREAM, {"e": orjson.dumps(entry)}, minid=oldest, approximate=True)
        except failures() as error:
            raise BusUnavailableError from error

    def mark(self) -> str:
        text, good_until = self._mark
        if time.monotonic() >= good_until and self._lock.acquire(blocking=False):
            try:
                text = str(_newest(self._speaker()))
            except failures():
                text = ""
            finally:
                self._lock.release()
            self._mark = (text, time.monotonic() + LOOK_AGAIN)
        return text

    def follow(self, reader: Reader) -> Following:
        return _Follower(self._url, reader)

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def _speaker(self) -> Any:
        if self._client is None:
            self._client = open_client(self._url)
        return self._client


class _Follower:
    def __init__(self, url: str, reader: Reader) -> None:
        self._url, self._reader = url, reader
        self._at = Mark("", 0, 0)
        self._listened = 0.0
        self._closed = threading.Event()
        threading.Thread(target=self._run, name="machi-journal", daemon=True).start()

    def close(self) -> None:
        self._closed.set()

    def _run(self) -> None:
        away = False
        while not self._closed.is_set():
            client = None
            try:
                # No second try: whether something was missed is for `_begin` to say.
                client = open_client(self._url, tries=0)
                self._begin(client, away)
                away = False
                while not self._closed.is_set():
                    self._listen(client)
            except failures() as error:
                if not away:
                    log.warning("pages hear nothing: Redis does not answer (%s)", type(error).__name__)
                    away = True
                    self._reader.lost()
                self._closed.wait(LOOK_AGAIN)
            finally:
                with suppress(*failures()):
                    if client is not None:
                        client.close()

    def _begin(self, client: Any, was_away: bool) -> None:
        before, self._listened = self._listened, time.monotonic()
        now = _newest(client)
        kept = self._listened - before < KEPT_MS / 1000
        if kept and self._at.epoch == now.epoch and self._at <= now:
            if was_away:
                self._reader.back()
            return
        self._at = now
        self._reader.begin(_kept(client, now), now)

    def _listen(self, client: Any) -> None:
        began = time.monotonic()
        found = client.xread({STREAM: _place(self._at)}, count=READ_AT_ONCE, block=BLOCK_MS)
        self._listened = began
        if found:
            try:
                lines = [_line(self._at.epoch, one) for one in found[0][1]]
            except UnreadableError:
                log.error("an entry of the journal cannot be read: every page looks at everything")
                self._at = Mark("", 0, 0)
                self._begin(client, was_away=False)
                return
            self._at = lines[-1].mark
            self._reader.hear(lines)


def _place(mark: Mark) -> str:
    return f"{mark.ms}-{mark.number}"


def _mark(epoch: str, found: Found) -> Mark:
    ms, _, number = found[0].decode().partition("-")
    return Mark(epoch, int(ms), int(number))


def _line(epoch: str, found: Found) -> JournalRow:
    """Raises `UnreadableError`."""
    try:
        entry = orjson.loads(found[1].get(b"e", b""))
    except orjson.JSONDecodeError:
        raise UnreadableError from None
    if not isinstance(entry, dict):
        raise UnreadableError
    return JournalRow(_mark(epoch, found), entry)


def _newest(client: Any) -> Mark:
    # The server is asked first: if another one takes over between the two, the mark names a place that is nowhere, and that is safe.
    epoch = _epoch(client)
    last = client.xrevrange(STREAM, count=1)
    return _mark(epoch, last[0]) if last else Mark(epoch, 0, 0)


def _epoch(client: Any) -> str:
    """Of the very server process that holds the stream: each start of it has its own."""
    if hasattr(client, "get_node_from_key"):
        client = client.get_redis_connection(client.get_node_from_key(STREAM))
    return str(client.info("server")["run_id"])[:8]


def _kept(client: Any, now: Mark) -> list[JournalRow]:
    """The newest entries up to `now` as far as they are worth reading, and can be read, oldest first."""
    lines: list[JournalRow] = []
    last, since = _place(now), now.ms - KEPT_MS
    while len(lines) < KEPT_ENTRIES:
        found = client.xrevrange(STREAM, last, max(since, 0), count=READ_AT_ONCE)
        try:
            for one in found:
                lines.append(_line(now.epoch, one))
        except UnreadableError:
            break
        if len(found) < READ_AT_ONCE:
            break
        last = f"({_place(lines[-1].mark)}"
    return lines[::-1]


def open_journal(url: str) -> Journal:
    """The journal beside the bus that `MACHI_LIVE_URL` names."""
    return MemoryJournal() if url.startswith("memory") else RedisJournal(url)
