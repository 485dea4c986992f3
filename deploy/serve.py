"""Serve the product with granian: one process with memory://, as many as there are cores with Redis.

`python -m deploy.serve --port 8000`; settings come from `MACHI_*`.
"""

from __future__ import annotations

import argparse
import os
import sys

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from idp.foundation.settings import SettingsError, load

# Each open page holds one thread for its live stream; threads without work cost little.
THREADS = 256
# Granian counts every open connection here, idle ones too: were it the number of threads, as many silent browsers would lock all
# others out. Requests beyond the threads wait their turn.
CONNECTIONS = 8192


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m deploy.serve")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--processes", type=int, default=0, help="0: one with memory://, else one per core")
    parser.add_argument("--threads", type=int, default=THREADS)
    options = parser.parse_args()
    try:
        settings = load()
    except SettingsError as error:
        sys.exit(f"machi: {error}")
    alone = settings.live_url.startswith("memory")
    processes = options.processes or (1 if alone else os.cpu_count() or 1)
    if alone and processes > 1:
        sys.exit("machi: several processes need redis:// (MACHI_LIVE_URL)")
    Server(
        "wsgi:app",
        address=options.host,
        port=options.port,
        interface=Interfaces.WSGI,
        workers=processes,
        blocking_threads=options.threads,
        backpressure=CONNECTIONS,
        websockets=False,
        log_access=False,
        log_level=LogLevels.warning,
        workers_kill_timeout=5,
    ).serve()


if __name__ == "__main__":
    main()
