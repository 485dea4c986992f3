"""Publish and subscribe between requests, workers and processes.

`memory://` reaches the threads of this process; `redis://` every process. Messages are small JSON objects that say *what* changed,
never what it changed to: a subscriber reads the state itself, so a lost message costs freshness, not truth.

When Redis goes away every subscription ends with `BusUnavailableError`, as messages may have been lost: whoever listens looks at the
state and subscribes anew, or, while Redis is away, looks from time to time.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol

import orjson

from .redis_address import failures, open_client

log = logging.getLogger("machi.live")

Message = dict[str, Any]
LOOK_AGAIN = 1.0
"""Seconds after a failure until Redis is asked again: a crowd of pages must not wait for it one after another."""


QUIET = 5.0
"""Seconds without a word from Redis after which it is asked whether it is there, and has as long to answer."""


class BusUnavailableError(Exception):
    """Nothing can be published or heard just now."""


class Subscription(Protocol):
    def next(self, timeout: float) -> Message | None:
        """The next message, or None when `timeout` seconds passed without one. Raises `BusUnavailableError` once the bus is lost."""


class Bus(Protocol):
    def publish(self, channel: str, message: Message) -> None:
        """Raises `BusUnavailableError`."""

    def subscribe(self, channel: str) -> Any:
        """A context manager giving a `Subscription`. Raises `BusUnavailableError`."""

    def ping(self) -> None:
        """Raises `BusUnavailableError`."""

    def close(self) -> None: ...


class _Queue:
    def __init__(self) -> None:
        self.items: queue.Queue[Message | None] = queue.Queue(maxsize=256)
        """None: the bus is lost."""

    def put(self, message: Message | None) -> None:
        try:
            self.items.put_nowait(message)
        except queue.Full:
            # A reader this slow re-reads everything anyway; one old message less changes nothing.
            self.items.get_nowait()
            self.items.put_nowait(message)

    def next(self, timeout: float) -> Message | None:
        try:
            message = self.items.get(timeout=timeout)
        except queue.Empty:
            return None
        if message is None:
            raise BusUnavailableError
        return message


class MemoryBus:
    """Within one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._channels: dict[str, set[_Queue]] = {}

    def publish(self, channel: str, message: Message) -> None:
        with self._lock:
            listeners = list(self._channels.get(channel, ()))
        for listener in listeners:
            listener.put(message)

    @contextmanager
    def subscribe(self, channel: str) -> Iterator[Subscription]:
        listener = _Queue()
        with self._lock:
            self._channels.setdefault(channel, set()).add(listener)
        try:
            yield listener
        finally:
            with self._lock:
                self._channels[channel].discard(listener)
                if not self._channels[channel]:
                    del self._channels[channel]

    def ping(self) -> None:
        """It is here as long as the process is."""

    def lose(self) -> None:
        """Tell all who listen that they may have missed something."""
        with self._lock:
            listeners = [listener for found in self._channels.values() for listener in found]
        for listener in listeners:
            listener.put(None)

    def close(self) -> None:
        """Nothing to release."""


class RedisBus:
    """Between processes, over Redis or Valkey publish/subscribe.

    One connection per process listens for all its readers: ten thousand open pages are not ten thousand connections.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._local = MemoryBus()
        self._lock = threading.Lock()
        self._client: Any = None
        self._listener: _Listener | None = None
        self._away_until = 0.0

    def publish(self, channel: str, message: Message) -> None:
        with _as_unavailable():
            self._speaker().publish(f"machi:{channel}", orjson.dumps(message))

    def ping(self) -> None:
        with _as_unavailable():
            self._speaker().ping()

    @contextmanager
    def subscribe(self, channel: str) -> Iterator[Subscription]:
        with self._local.subscribe(channel) as subscription:
            listener = self._listening(channel)
            try:
                yield subscription
            finally:
                with self._lock:
                    listener.leave(channel)

    def close(self) -> None:
        with self._lock:
            listener, self._listener = self._listener, None
            if listener is not None:
                listener.close()
            if self._client is not None:
                self._client.close()

    def _speaker(self) -> Any:
        if self._client is None:
            with self._lock:
                self._client = self._client or open_client(self._url)
        return self._client

    def _listening(self, channel: str) -> _Listener:
        """The process's one connection that hears, hearing `channel` too."""
        with self._lock:
            if time.monotonic() < self._away_until:
                raise BusUnavailableError
            try:
                with _as_unavailable():
                    if self._listener is None:
                        self._listener = _Listener(self._url, self._lock, self._local.publish, self._lost)
                    self._listener.join(channel)
            except BusUnavailableError:
                self._away_until = time.monotonic() + LOOK_AGAIN
                raise
            return self._listener

    def _lost(self, listener: _Listener) -> None:
        with self._lock:
            if self._listener is not listener:
                return  # closed by us
            self._listener = None
            listener.close()
        log.warning("the live bus is lost: Redis does not answer")
        self._local.lose()


class _Listener:
    """One connection that listens, until it is lost or closed. `lock` is held by whoever writes to it."""

    def __init__(
        self, url: str, lock: threading.Lock, hear: Callable[[str, Message], None], lost: Callable[[_Listener], None]
    ) -> None:
        # No second try: a connection made again by itself would hide that messages were lost in between.
        self._client = open_client(url, tries=0)
        self._pubsub = self._client.pubsub(ignore_subscribe_messages=True)
        self._pubsub.subscribe("machi:alive")
        self._counts: dict[str, int] = {}
        self._lock, self._hear, self._lost = lock, hear, lost
        self._closed = threading.Event()
        threading.Thread(target=self._listen, name="machi-live", daemon=True).start()

    def join(self, channel: str) -> None:
        if channel not in self._counts:
            self._pubsub.subscribe(f"machi:{channel}")
        self._counts[channel] = self._counts.get(channel, 0) + 1

    def leave(self, channel: str) -> None:
        self._counts[channel] -= 1
        if not self._counts[channel]:
            del self._counts[channel]
            if not self._closed.is_set():
                with suppress(*failures()):  # the listening thread notices, too
                    self._pubsub.unsubscribe(f"machi:{channel}")

    def close(self) -> None:
        self._closed.set()
        with suppress(*failures()):
            self._pubsub.close()
            self._client.close()

    def _listen(self) -> None:
        # The last two: redis-py, when `close` takes the connection away from under this thread.
        lost: tuple[type[Exception], ...] = (*failures(), ValueError, AttributeError)
        heard, asked = time.monotonic(), False
        while not self._closed.is_set():
            try:
                message = self._pubsub.get_message(timeout=QUIET)
                if message is None and time.monotonic() > heard + QUIET:
                    if asked:
                        raise TimeoutError
                    with self._lock:
                        self._pubsub.ping()
                    heard, asked = time.monotonic(), True
            except lost:
                self._lost(self)
                return
            if message:
                heard, asked = time.monotonic(), False
                if message["type"] == "message":
                    self._hear(message["channel"].decode().removeprefix("machi:"), orjson.loads(message["data"]))


@contextmanager
def _as_unavailable() -> Iterator[None]:
    try:
        yield
    except failures() as error:
        raise BusUnavailableError from error


def open_bus(url: str) -> Bus:
    """The bus that `MACHI_LIVE_URL` names."""
    return MemoryBus() if url.startswith("memory") else RedisBus(url)


def quietly(publish: Callable[[], None]) -> bool:
    """Publish after a commit: a bus that is down must not undo what is already written. Says whether it went out."""
    try:
        publish()
    except BusUnavailableError:
        return False
    return True
