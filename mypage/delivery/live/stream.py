"""GET /my/live: the live stream of the signed-in resident's pages, from a thread of the web server."""

from __future__ import annotations

import threading

from flask import Blueprint, Flask, Response, current_app, request

from idp.front.logins import current_login
from idp.front.storage import parts
from idp.front.web import Caller, called_by, problem_response

from .feed import Feed
from .hub import HEARTBEAT, LONGEST, PER_RESIDENT, FullError
from .running import HubThread

# Each holds a thread of the server; more open pages want `machi live` (decision 0041).
PER_PROCESS = 200

bp = Blueprint("live", __name__)


def install_stream(app: Flask) -> None:
    """Config: LIVE_STREAMS (200), LIVE_STREAMS_PER_RESIDENT (8), LIVE_HEARTBEAT (15 s), LIVE_LONGEST (900 s)."""
    app.config.setdefault("LIVE_HEARTBEAT", HEARTBEAT)
    app.config.setdefault("LIVE_LONGEST", LONGEST)
    app.config.setdefault("LIVE_STREAMS", PER_PROCESS)
    app.config.setdefault("LIVE_STREAMS_PER_RESIDENT", PER_RESIDENT)
    app.extensions["machi_live"] = _Lazy(app)
    app.register_blueprint(bp)


class _Lazy:
    """The hub of this process, from the first page on: most processes beside a live server never have one."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._lock = threading.Lock()
        self.thread: HubThread | None = None

    def __call__(self) -> HubThread:
        with self._lock:
            if self.thread is None:
                config = self._app.config
                self.thread = HubThread(
                    parts(self._app),
                    config["LIVE_STREAMS"],
                    heartbeat=config["LIVE_HEARTBEAT"],
                    longest=config["LIVE_LONGEST"],
                    per_resident=config["LIVE_STREAMS_PER_RESIDENT"],
                )
                parts(self._app).at_close.append(self.thread.close)
            return self.thread


@bp.get("/my/live")
@called_by(Caller.RESIDENT)
def live() -> Response:
    """Events `hello`, `change`, `beat`, `deaf`, `back`, `ended` (wire.py).

    503 with Retry-After when there is no room or no bus: the page asks again from time to time instead.
    """
    login = current_login()
    thread: HubThread = current_app.extensions["machi_live"]()
    if not thread.hub.hears:
        return _no_stream()
    feed = Feed(thread)
    try:
        feed.open(
            login.resident_id, login.session_id, request.headers.get("Last-Event-ID") or request.args.get("after", "")
        )
    except FullError:
        return _no_stream()
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Response(feed, content_type="text/event-stream", headers=headers, direct_passthrough=True)


def stream_path(app: Flask) -> str:
    """Where the stream is, below the issuer's path."""
    return next(app.url_map.iter_rules("live.live")).rule


def _no_stream() -> Response:
    """The page looks for changes from time to time instead, and asks for a stream again later."""
    answer = problem_response(503, "no_stream_left", "No live stream is free. The page asks again by itself.")
    answer.headers["Retry-After"] = "30"
    return answer
