"""Real HTTP in tests: a Flask app served by a thread on a free port."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from flask import Flask
from werkzeug.serving import BaseWSGIServer, make_server


class Served:
    """An app on http://localhost:port that can be stopped and started again on the same port."""

    def __init__(self, app: Flask, port: int) -> None:
        self.app = app
        self.port = port
        self.url = f"http://localhost:{port}"
        self._server: BaseWSGIServer | None = None
        self.start()

    def start(self) -> None:
        self._server = make_server("127.0.0.1", self.port, self.app, threaded=True)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


def until(condition: Callable[[], object], *, seconds: float = 10.0) -> object:
    """Wait until `condition()` is true and return it; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"not within {seconds} s")
