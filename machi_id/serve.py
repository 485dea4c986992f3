"""Serve the product with granian: one process with memory://, as many as there are cores with Redis.

`machi serve`; settings come from `MACHI_*`. A worker process that dies is replaced. On SIGTERM `/readyz` says 503 for `--drain` seconds
while requests are still answered, then the workers end; a second SIGTERM, or Ctrl-C, ends them at once.
"""

from __future__ import annotations

import gc
import logging
import os
import resource
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from idp.foundation.readiness import DRAIN_MARK
from idp.foundation.settings import SettingsError, load
from idp.foundation.telemetry import JsonLines
from idp.foundation.web.bodies import READERS

if TYPE_CHECKING:
    from collections.abc import Callable

# Granian counts every open connection here, idle ones too: were it the number of threads, as many silent browsers would lock all
# others out. Requests beyond the threads wait their turn.
CONNECTIONS = 8192
# A connection that says nothing, or not a whole head, is closed; also between two requests. HTTP/1.1 alone: granian waits without limit
# for the first byte when it must find out which version is spoken.
IDLE_MS = 15_000


class _Unasked(logging.Filter):
    """Granian thinks 256 threads many for the cores of the machine. They mostly wait; it is our choice."""

    def filter(self, record: logging.LogRecord) -> bool:
        return "Python threads" not in record.getMessage()


# What granian has to say goes where the rest is logged, in the same form.
LOG: dict[str, Any] = {
    "filters": {"unasked": {"()": _Unasked}},
    "formatters": {"lines": {"()": JsonLines}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines", "filters": ["unasked"]}},
    "loggers": {"_granian": {"handlers": ["stderr"], "propagate": False}},
}


class Supervisor(MPServer):
    """Granian's main process, which says that it will end before it does."""

    def __init__(self, *args: Any, drain: float, mark: Path, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._drain, self._mark = drain, mark

    def signal_handler_interrupt(self, *args: Any) -> None:
        if args[:1] == (signal.SIGTERM,) and self._drain and not self._mark.exists():
            self._mark.touch()  # the workers see it
            timer = threading.Timer(self._drain, super().signal_handler_interrupt)
            timer.daemon = True
            timer.start()
        else:
            super().signal_handler_interrupt()  # type: ignore[no-untyped-call]


def connections() -> int:
    """How many a worker takes: files may be open twice as many, since requests open some, too."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return min(CONNECTIONS, CONNECTIONS if most == resource.RLIM_INFINITY else most // 2)


def application() -> Callable[..., object]:
    """What each worker process serves. Imported by its name: granian's own loader looks into the working directory first, and what lies
    there is not always ours.
    """
    from .wsgi import app

    gc.collect()
    gc.freeze()  # what is there now stays for good: no collection walks through it again
    return app


def serve(host: str, port: int, *, processes: int, threads: int, drain: float) -> None:
    """Until a signal. `processes` 0: one with memory://, else one per core. Ends the process where settings do not allow it."""
    try:
        settings = load()
    except SettingsError as error:
        sys.exit(f"machi: {error}")
    alone = settings.live_url.startswith("memory")
    processes = processes or (1 if alone else os.cpu_count() or 1)
    if alone and processes > 1:
        sys.exit("machi: several processes need redis:// (MACHI_LIVE_URL)")
    # Imported once, before the worker processes part from this one: they share the pages, and are there the sooner.
    from . import wsgi  # noqa: F401

    gc.collect()
    gc.freeze()
    with tempfile.TemporaryDirectory(prefix="machi-") as folder:
        mark = Path(folder) / "draining"
        os.environ[DRAIN_MARK] = str(mark)
        os.environ[READERS] = str(max(1, threads // 2))
        Supervisor(
            "machi_id.wsgi:app",
            address=host,
            port=port,
            interface=Interfaces.WSGI,
            workers=processes,
            blocking_threads=threads,
            backpressure=connections(),
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(header_read_timeout=IDLE_MS),
            websockets=False,
            log_access=False,
            log_level=LogLevels.warning,
            log_dictconfig=LOG,
            respawn_failed_workers=True,
            workers_kill_timeout=5,
            drain=drain,
            mark=mark,
        ).serve(target_loader=application, wrap_loader=False)
