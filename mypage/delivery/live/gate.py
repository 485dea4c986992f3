"""Who may open a page: the login behind its cookie, asked for together with those of all others that come in the same moment."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import TypeVar

from sqlalchemy.orm import Session

from idp.front.live_logins import LiveLogin, live_logins_by_cookie, seen_now, still_live
from idp.front.storage import Parts, UnavailableError

log = logging.getLogger("machi.live")

TOGETHER = 500
WAITING = 20_000
"""Of a city whose pages all come back in the same second nobody is sent away: 40 questions."""
BURST = 10
PER_SECOND = 1.0
"""Streams that one login may open: at once, and then."""
TOUCH_EVERY = 2.0

Found = TypeVar("Found")


class BusyError(Exception):
    """Too many wait, or this login opens too many; come again later."""


class AwayError(Exception):
    """The database cannot be asked."""


def _note(error: Exception) -> None:
    """Whoever waits is answered, whatever it was; that a database is away others say."""
    if not isinstance(error, UnavailableError):
        log.error("logins could not be asked for", exc_info=error)


class Gate:
    """Asks the database in a thread of its own, one statement at a time; whoever comes meanwhile is asked for with the next."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="machi-live-logins")
        self._waiting: dict[str, asyncio.Future[LiveLogin | None]] = {}
        self._asking: asyncio.Task[None] | None = None
        self._opened: dict[str, float] = {}
        self._unseen: dict[str, None] = {}
        self._touched = 0.0

    def count(self, digest: str) -> None:
        """One more stream of this login (or of whoever makes up such a cookie). Raises `BusyError`. Costs no question."""
        now = time.monotonic()
        # Full again at `now`: a bucket is kept as the time at which it would be.
        full_at = max(self._opened.get(digest, now), now) + 1 / PER_SECOND
        if full_at > now + BURST / PER_SECOND:
            raise BusyError
        self._opened[digest] = full_at

    def forget(self) -> None:
        """Call every second or so: who has opened nothing for a while. Not at each stream: made-up cookies come by the thousand."""
        now = time.monotonic()
        self._opened = {digest: full_at for digest, full_at in self._opened.items() if full_at > now}

    async def login(self, digest: str) -> LiveLogin | None:
        """The login that counts now. Raises `BusyError`, `AwayError`."""
        answer = self._waiting.get(digest)
        if answer is None:
            if len(self._waiting) >= WAITING:
                raise BusyError
            answer = self._waiting[digest] = self._loop.create_future()
        if self._asking is None:
            self._asking = self._loop.create_task(self._ask())
        return await asyncio.shield(answer)

    async def standing(self, session_ids: Collection[str]) -> set[str] | None:
        """Those of these logins that count now; None if the database cannot be asked."""
        settings, found = self._parts.settings, set[str]()
        wanted = iter(session_ids)
        try:
            while some := list(islice(wanted, TOGETHER)):
                found |= await self._read(partial(still_live, settings=settings, session_ids=some))
        except Exception as error:
            _note(error)
            return None
        return found

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _ask(self) -> None:
        try:
            while self._waiting:
                asked = {digest: self._waiting.pop(digest) for digest in list(islice(self._waiting, TOGETHER))}
                await self._answer(asked)
                if not self._waiting and self._unseen and time.monotonic() > self._touched + TOUCH_EVERY:
                    await self._touch()  # whoever comes meanwhile is in the next round
        finally:
            self._asking = None

    async def _answer(self, asked: dict[str, asyncio.Future[LiveLogin | None]]) -> None:
        settings = self._parts.settings
        try:
            found = await self._read(partial(live_logins_by_cookie, settings=settings, digests=list(asked)))
        except Exception as error:
            for answer in asked.values():
                answer.set_exception(AwayError(type(error).__name__))
                answer.exception()  # whoever asked may be gone
            _note(error)
            return
        for digest, answer in asked.items():
            login = found.get(digest)
            answer.set_result(login)
            if login is not None and login.unseen:
                self._unseen[login.session_id] = None

    async def _touch(self) -> None:
        """Folded: a crowd that comes back is a write or two, not one for each."""
        unseen, self._unseen = list(self._unseen), {}
        self._touched = time.monotonic()

        def write() -> None:
            with self._parts.database.write() as session:
                seen_now(session, unseen)

        try:
            await self._loop.run_in_executor(self._thread, write)
        except Exception as error:  # the next one that opens says it again
            _note(error)

    async def _read(self, question: Callable[[Session], Found]) -> Found:
        def ask() -> Found:
            with self._parts.database.read() as session:
                return question(session)

        return await self._loop.run_in_executor(self._thread, ask)
