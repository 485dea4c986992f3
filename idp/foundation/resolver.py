"""Looking up a name with a deadline. The system's own look-up cannot be interrupted, so it runs in a thread of its own.

Who asked goes on when their time is over; the thread ends when the system gives up. One thread for each name, however often it is
asked for, and so many in all: whoever finds no place is refused.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable

IN_ALL = 64


class ResolverBusyError(Exception):
    """Too many names are being looked up."""


class LookupPendingError(Exception):
    """The time is over and the look-up is not; `look_up` still runs."""

    def __init__(self, look_up: Lookup) -> None:
        super().__init__("the name was not resolved in time")
        self.look_up = look_up


class Lookup:
    """One name being looked up, for all who ask for it meanwhile."""

    def __init__(self, host: str, port: int) -> None:
        self.done = threading.Event()
        self.found: frozenset[str] = frozenset()
        self._host, self._port = host, port
        self._lock = threading.Lock()
        self._afterwards: list[Callable[[], object]] = []

    def run(self) -> None:
        try:
            self.found = _resolve(self._host, self._port)
        finally:
            with self._lock:
                self.done.set()
            for act in self._afterwards:
                act()

    def when_done(self, act: Callable[[], object]) -> None:
        """Call `act` once the look-up has ended, which may be now."""
        with self._lock:
            if not self.done.is_set():
                self._afterwards.append(act)
                return
        act()


class Resolver:
    """Thread-safe."""

    def __init__(self, in_all: int = IN_ALL) -> None:
        self._in_all = in_all
        self._lock = threading.Lock()
        self._under_way: dict[tuple[str, int], Lookup] = {}

    def addresses(self, host: str, port: int, seconds: float) -> frozenset[str]:
        """The addresses of a host, none if there are none. Raises `ResolverBusyError` and `LookupPendingError`."""
        if _is_address(host):
            return _resolve(host, port)
        look_up = self._look_up(host, port)
        if not look_up.done.wait(seconds):
            raise LookupPendingError(look_up)
        return look_up.found

    def _look_up(self, host: str, port: int) -> Lookup:
        key = (host, port)
        with self._lock:
            if (running := self._under_way.get(key)) is not None:
                return running
            if len(self._under_way) >= self._in_all:
                raise ResolverBusyError
            look_up = self._under_way[key] = Lookup(host, port)
            look_up.when_done(lambda: self._forget(key))
            thread = threading.Thread(target=look_up.run, name="machi-look-up", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # no thread to be had
                del self._under_way[key]
                raise ResolverBusyError from None
            return look_up

    def _forget(self, key: tuple[str, int]) -> None:
        with self._lock:
            self._under_way.pop(key, None)


def _resolve(host: str, port: int) -> frozenset[str]:
    try:
        return frozenset(str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except (OSError, ValueError):  # ValueError: what cannot be a name, such as a label too long
        return frozenset()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return False
    return True
