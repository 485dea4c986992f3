"""All open pages of this process: who is told what, when, and for how long. Everything here happens in one event loop's thread.

A page is written to by its `Outlet`: a connection of the live server, or a thread of the web server. The hub never waits for one.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any, Protocol

from idp.front.storage import JournalRow, Mark

from . import wire
from .history import History
from .pacer import Pacer

COALESCE = 0.05
CHUNK = 250
"""Pages written to before others get their turn."""
HEARTBEAT = 15
LONGEST = 900.0
"""Seconds after which a page is asked to come again: pages spread over processes anew."""
PER_RESIDENT = 8
DISPLACED_MS = 30_000
EVERY_MS = 15_000
UNKNOWN_LONGEST = 60.0
"""Seconds that a page may stay open while nobody can say whether its login still counts."""
DEAF_AFTER = 3.0
"""Seconds without a journal after which pages are told that they hear nothing."""
BEGIN = 2.0
"""Seconds that the first reading of the journal may take before pages are refused: one that is refused comes back much later."""
SUCCESSOR_MS = 2000
"""Until the process that follows this one can be there."""
BACK_PER_SECOND = 1000
"""So many pages are asked back in a second when this process ends."""


class Outlet(Protocol):
    """Where a page's bytes go; neither waits, nor raises."""

    def send(self, data: bytes) -> None: ...

    def end(self) -> None:
        """After what was sent."""


class Page:
    """One open page."""

    __slots__ = ("due", "ends", "outlet", "pending", "resident_id", "session_id", "words")

    def __init__(self, resident_id: str, session_id: str, outlet: Outlet, ends: float) -> None:
        self.resident_id, self.session_id, self.outlet = resident_id, session_id, outlet
        self.ends = ends
        self.pending: dict[str, None] | None = None
        self.words: dict[str, Any] | None = None
        self.due = 0.0
        """When it fetches what it was told last; what changes until then needs no turn of its own."""


class FullError(Exception):
    """No place for this resident here."""


Standing = Callable[[Collection[str]], Awaitable[set[str] | None]]
"""Which of these logins count; None: cannot be known now."""


class Hub:
    def __init__(
        self, standing: Standing, most: int, rate: float, per_resident: int = PER_RESIDENT, longest: float = LONGEST
    ) -> None:
        self._standing = standing
        self._most, self._per_resident, self._rate, self._longest = most, per_resident, rate, longest
        self._loop = asyncio.get_running_loop()
        self._pages: dict[Page, None] = {}
        self._by_resident: dict[str, list[Page]] = {}
        self._by_session: dict[str, list[Page]] = {}
        self._history = History()
        self._pacer = Pacer(rate)
        self._mark: Mark | None = None
        self._deaf_since: float | None = time.monotonic()
        self._told_deaf = False
        self._dirty: dict[Page, None] = {}
        self._flushing = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._round: Iterator[Page] = iter(())
        self._owed = 0.0
        self._known_at = time.monotonic()
        self.begun = asyncio.Event()

    # pages ------------------------------------------------------------------------------------------------------------------------

    @property
    def used(self) -> int:
        """Pages open now."""
        return len(self._pages)

    @property
    def hears(self) -> bool:
        return self._deaf_since is None

    async def beginning(self, seconds: float) -> None:
        """Wait until the journal is read, so long at most."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.begun.wait(), seconds)

    def admit(self, resident_id: str, session_id: str, outlet: Outlet, after: str) -> Page:
        """A page has opened, up to date until the mark `after` ("" unknown). A resident's newest page takes the place of their oldest,
        rather than being refused. Raises `FullError`.
        """
        own = self._by_resident.get(resident_id, [])
        if len(own) >= self._per_resident or (own and len(self._pages) >= self._most):
            self._end(own[0], wire.back(DISPLACED_MS))
        elif len(self._pages) >= self._most:
            raise FullError
        now = time.monotonic()
        page = Page(resident_id, session_id, outlet, now + self._longest * random.uniform(0.8, 1.0))  # noqa: S311
        self._pages[page] = None
        self._by_resident.setdefault(resident_id, []).append(page)
        self._by_session.setdefault(session_id, []).append(page)
        self._greet(page, Mark.read(after), now)
        if page.ends <= now:
            self._end(page, wire.back(DISPLACED_MS))
        return page

    def leave(self, page: Page) -> None:
        """Its connection is gone; may be called again."""
        if page not in self._pages:
            return
        del self._pages[page]
        self._dirty.pop(page, None)
        for index, key in ((self._by_resident, page.resident_id), (self._by_session, page.session_id)):
            index[key].remove(page)
            if not index[key]:
                del index[key]

    def drain(self) -> None:
        """This process ends: pages come back one after another, to another one."""
        spread = max(2000, len(self._pages) * 1000 // BACK_PER_SECOND)
        for page in list(self._pages):
            self._end(page, wire.back(random.randrange(SUCCESSOR_MS, SUCCESSOR_MS + spread)))  # noqa: S311

    def _end(self, page: Page, word: bytes) -> None:
        self.leave(page)
        page.outlet.send(word)
        page.outlet.end()

    def _greet(self, page: Page, after: Mark | None, now: float) -> None:
        missed = None if self._mark is None else self._history.since(page.resident_id, after)
        if missed is None:
            page.due = now + (wait := self._pacer.wait(now))
            page.outlet.send(wire.hello(self._told, self._every, int(wait * 1000)))
            return
        page.outlet.send(wire.hello("" if missed else self._told, self._every, None))
        if missed:
            self._tell(page, missed)

    # the journal ------------------------------------------------------------------------------------------------------------------

    def begin(self, lines: Iterable[JournalRow], mark: Mark) -> None:
        """What is known of what was told before; pages that are open look at everything."""
        self._mark, self._deaf_since, self._told_deaf = mark, None, False
        self.begun.set()
        lines = list(lines)
        self._history.begin(lines[0].mark if lines else mark)
        for line in lines:
            for resident_ids, fragments in line.entry.get("told", ()):
                for resident_id in resident_ids:
                    self._history.add(line.mark, resident_id, tuple(fragments))
        now = time.monotonic()
        for page in list(self._pages):
            self._greet(page, None, now)

    def hear(self, lines: Iterable[JournalRow]) -> None:
        for line in lines:
            self._mark = line.mark
            words = line.entry.get("words")
            for resident_ids, fragments in line.entry.get("told", ()):
                kept = tuple(fragments)
                for resident_id in resident_ids:
                    self._history.add(line.mark, resident_id, kept)
                    for page in self._by_resident.get(resident_id, ()):
                        self._tell(page, kept, words)
            if ended := [one for one in line.entry.get("ended", ()) if one in self._by_session]:
                self._spawn(self._check(ended))

    def lost(self) -> None:
        self._deaf_since = time.monotonic()

    def back(self) -> None:
        self._deaf_since = None
        if self._told_deaf:
            self._told_deaf = False
            for page in list(self._pages):
                page.outlet.send(wire.hello("" if page in self._dirty else self._told, self._every, None))

    def _tell(self, page: Page, fragments: Iterable[str], words: dict[str, Any] | None = None) -> None:
        if page.pending is None:
            page.pending = {}
        page.pending.update(dict.fromkeys(fragments))
        page.words = words or page.words
        self._dirty[page] = None
        if not self._flushing:
            self._flushing = True
            self._loop.call_later(COALESCE, self._flush)

    def _flush(self) -> None:
        now = time.monotonic()
        for page in list(islice(self._dirty, CHUNK)):
            del self._dirty[page]
            self._send_pending(page, now)
        if self._dirty:
            self._loop.call_soon(self._flush)
        else:
            self._flushing = False

    def _send_pending(self, page: Page, now: float) -> None:
        if page.due <= now:
            page.due = now + self._pacer.wait(now)
        wait = max(0, int((page.due - now) * 1000))
        page.outlet.send(wire.change(self._told, list(page.pending or ()), wait, page.words))
        page.pending = page.words = None

    # time -------------------------------------------------------------------------------------------------------------------------

    def tick(self, seconds: float = 1.0, heartbeat: float = HEARTBEAT) -> None:
        """Call every `seconds`: in `heartbeat` seconds each page is heard of, and its login looked at, once."""
        now = time.monotonic()
        if self._deaf_since is not None and not self._told_deaf and now > self._deaf_since + DEAF_AFTER:
            self._told_deaf = True
            for page in list(self._pages):
                page.outlet.send(wire.deaf(self._every))
        self._owed += len(self._pages) * seconds / heartbeat
        turn = self._whose_turn(int(self._owed))
        self._owed -= int(self._owed)
        for page in turn:
            if now >= page.ends:
                self._end(page, wire.back(random.randrange(250, 2000)))  # noqa: S311
            elif page not in self._dirty:
                page.outlet.send(wire.STILL_HERE if self._told_deaf else wire.beat(self._told, self._every))
        if turn:
            self._spawn(self._check({page.session_id for page in turn}))

    def _whose_turn(self, count: int) -> list[Page]:
        """The next pages of a round over all of them."""
        turn: list[Page] = []
        while len(turn) < count:
            found = [page for page in islice(self._round, count - len(turn)) if page in self._pages]
            if not found:
                self._round = iter(list(self._pages))
                if turn or not self._pages:
                    break
            turn += found
        return turn

    async def _check(self, session_ids: Collection[str]) -> None:
        """End the pages of logins that are over. A false word about an end ends nothing."""
        standing = await self._standing(session_ids)
        if standing is None:
            if time.monotonic() > self._known_at + UNKNOWN_LONGEST:
                self.drain()
            return
        self._known_at = time.monotonic()
        for session_id in session_ids:
            if session_id not in standing:
                for page in list(self._by_session.get(session_id, ())):
                    self._end(page, wire.ENDED)

    def _spawn(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def _told(self) -> str:
        return "" if self._mark is None else str(self._mark)

    @property
    def _every(self) -> int:
        """Ms between looks of a page that cannot hear: all of them together are to stay below what the web server can do."""
        return max(EVERY_MS, int(len(self._pages) / self._rate * 1000))
