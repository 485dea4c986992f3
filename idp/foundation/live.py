"""Publish and subscribe between requests, workers and processes.

`memory://` reaches the threads of this process; `redis://` every process. Messages are small JSON objects that say *what* changed,
never what it changed to: a subscriber reads the state itself, so a lost message costs freshness, not truth.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import orjson
import redis

Message = dict[str, Any]


class Subscription(Protocol):
    def next(self, timeout: float) -> Message | None:
        """The next message, or None when `timeout` seconds passed without one."""


class Bus(Protocol):
    def publish(self, channel: str, message: Message) -> None: ...
    def subscribe(self, channel: str) -> Any:
        """A context manager giving a `Subscription`."""

    def close(self) -> None: ...


class _Queue:
    def __init__(self) -> None:
        self.items: queue.Queue[Message] = queue.Queue(maxsize=256)

    def put(self, message: Message) -> None:
        try:
            self.items.put_nowait(message)
        except queue.Full:
            # A reader this slow re-reads everything anyway; one old message less changes nothing.
            self.items.get_nowait()
            self.items.put_nowait(message)

    def next(self, timeout: float) -> Message | None:
        try:
            return self.items.get(timeout=timeout)
        except queue.Empty:
            return None


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

    def close(self) -> None:
        """Nothing to release."""


class RedisBus:
    """Between processes, over Redis or Valkey publish/subscribe.

    One connection per process listens for all its readers: ten thousand open pages are not ten thousand connections.
    """

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(
            url, health_check_interval=30, **({} if url.startswith("unix") else {"socket_keepalive": True})
        )
        self._local = MemoryBus()
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}
        self._pubsub: redis.client.PubSub | None = None
        self._closed = threading.Event()

    def publish(self, channel: str, message: Message) -> None:
        self._client.publish(f"machi:{channel}", orjson.dumps(message))

    @contextmanager
    def subscribe(self, channel: str) -> Iterator[Subscription]:
        with self._local.subscribe(channel) as subscription:
            self._join(channel)
            try:
                yield subscription
            finally:
                self._leave(channel)

    def close(self) -> None:
        self._closed.set()
        if self._pubsub is not None:
            self._pubsub.close()
        self._client.close()

    def _join(self, channel: str) -> None:
        with self._lock:
            if self._pubsub is None:
                self._pubsub = self._client.pubsub(  # type: ignore[no-untyped-call]
                    ignore_subscribe_messages=True
                )
                self._pubsub.subscribe("machi:alive")
                threading.Thread(target=self._listen, name="machi-live", daemon=True).start()
            self._counts[channel] = self._counts.get(channel, 0) + 1
            if self._counts[channel] == 1:
                self._pubsub.subscribe(f"machi:{channel}")

    def _leave(self, channel: str) -> None:
        with self._lock:
            self._counts[channel] -= 1
            if not self._counts[channel]:
                del self._counts[channel]
                if self._pubsub is not None and not self._closed.is_set():
                    self._pubsub.unsubscribe(f"machi:{channel}")  # type: ignore[no-untyped-call]

    def _listen(self) -> None:
        pause = 0.1
        while not self._closed.is_set() and self._pubsub is not None:
            try:
                message = self._pubsub.get_message(timeout=5.0)
                pause = 0.1
            except (redis.RedisError, OSError, ValueError, AttributeError):
                # AttributeError: redis-py, when `close` takes the connection away from under this thread.
                # redis-py subscribes again by itself after a reconnect; until then, wait a little longer each time.
                self._closed.wait(pause)
                pause = min(pause * 2, 5.0)
                continue
            if message and message["type"] == "message":
                channel = message["channel"].decode().removeprefix("machi:")
                self._local.publish(channel, orjson.loads(message["data"]))


def open_bus(url: str) -> Bus:
    """The bus that `MACHI_LIVE_URL` names."""
    return MemoryBus() if url.startswith("memory") else RedisBus(url)


def quietly(publish: Callable[[], None]) -> bool:
    """Publish after a commit: a bus that is down must not undo what is already written. Says whether it went out."""
    try:
        publish()
    except redis.RedisError:
        return False
    return True
