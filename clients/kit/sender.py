"""The background thread that empties the outbox: in order, in batches, with growing pauses while my page is down."""

from __future__ import annotations

import logging
import os
import random
import threading
import time
from typing import IO

from .database import Database
from .outbox import next_batch, note_attempt, settle
from .post_events import EventsApi, Outcome

try:
    import fcntl
except ImportError:  # pragma: no cover - not on POSIX: run one process
    fcntl = None  # type: ignore[assignment]

log = logging.getLogger("machi_kit.sender")

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 60.0
LOOK_EVERY = 1.0
"""How often to look for events that another process of the app wrote."""


class Sender:
    """One thread per process; a file lock lets one process of an app send at a time, so that order is kept."""

    def __init__(self, database: Database, api: EventsApi) -> None:
        self._database = database
        self._api = api
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._starting = threading.Lock()
        self._lock_file: IO[bytes] | None = None
        self._pause = 0.0
        self._not_before = 0.0
        self._clock = time.monotonic

    def start(self) -> None:
        """Start the thread in this process, once."""
        with self._starting:
            if self._thread is not None and self._pid == os.getpid() and self._thread.is_alive():
                return
            self._stop.clear()
            self._pid = os.getpid()
            self._thread = threading.Thread(target=self._run, name="machi-sender", daemon=True)
            self._thread.start()

    def wake(self) -> None:
        """Look at once. Does not cut a pause short: that was asked for, or my page is down."""
        self._wake.set()

    def stop(self, timeout: float = 12.0) -> None:
        """Finish the request under way and end the thread. What is not sent stays in the outbox."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None and self._pid == os.getpid():
            self._thread.join(timeout)

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._wake.clear()
                more = False
                if self._clock() >= self._not_before and self._alone():
                    try:
                        more = self.send_once()
                    except Exception:
                        # Whatever it is, a thread that ended would leave every later event unsent.
                        log.exception("sending failed")
                        self._hold_off(None)
                if not more:
                    self._wake.wait(self._nap())
        finally:
            self._release()
            self._database.close()

    def _nap(self) -> float:
        left = self._not_before - self._clock()
        if left > 0:
            # Naps through the pause: a wake inside it only costs one round of the loop.
            self._stop.wait(min(left, LOOK_EVERY))
            return 0.0
        return LOOK_EVERY

    def send_once(self) -> bool:
        """Send one batch. True if there may be more to send now."""
        rows = next_batch(self._database)
        if not rows:
            return False
        bodies = [(row["id"], row["body"]) for row in rows]
        outcome = self._api.post(bodies)
        if outcome.split:
            return all(self._record(self._api.post([body]), [body[0]]) for body in bodies)
        return self._record(outcome, [event_id for event_id, _ in bodies])

    def _record(self, outcome: Outcome, ids: list[str]) -> bool:
        with self._database.transaction() as tx:
            for event_id, (result, problem) in outcome.settled.items():
                settle(tx, event_id, result=result, problem=problem)
                if problem is not None:
                    log.error("event %s refused: %s", event_id, problem.get("title") or problem.get("status"))
        if outcome.failed:
            left = [event_id for event_id in ids if event_id not in outcome.settled]
            note_attempt(self._database, left, outcome.why)
            self._hold_off(outcome.retry_after)
            log.warning("%d events wait %.1f s: %s", len(left), self._not_before - self._clock(), outcome.why)
            return False
        self._pause = 0.0
        return True

    def _hold_off(self, asked: float | None) -> None:
        self._pause = min(max(self._pause * 2, FIRST_PAUSE), LONGEST_PAUSE)
        # Jitter, so that all apps do not come back in the same instant; never shorter than what was asked for.
        pause = self._pause * random.uniform(0.8, 1.2) if asked is None else asked  # noqa: S311 - no secret
        self._not_before = self._clock() + pause

    def _alone(self) -> bool:
        if fcntl is None or self._lock_file is not None:
            return True
        # The lock ends with the process, however that ends. The file stays.
        handle = open(self._database.path + ".sender", "ab")  # noqa: SIM115 - held as long as the thread runs
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            handle.close()
            return False
        self._lock_file = handle
        return True

    def _release(self) -> None:
        if self._lock_file is not None:
            self._lock_file.close()
            self._lock_file = None
