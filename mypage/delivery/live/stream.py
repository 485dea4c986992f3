"""GET /my/live: the live stream of the signed-in resident's pages."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, current_app

from idp.front.logins import current_login, session_is_live
from idp.front.storage import BusAwayError, parts
from idp.front.web import Caller, called_by, problem_response

from .feed import HEARTBEAT, LONGEST, Feed, Pace
from .slots import PER_PROCESS, PER_RESIDENT, Slots

bp = Blueprint("live", __name__)


def install_stream(app: Flask) -> None:
    """Config: LIVE_STREAMS (200), LIVE_STREAMS_PER_RESIDENT (8), LIVE_HEARTBEAT (15 s), LIVE_LONGEST (900 s)."""
    config = app.config
    config.setdefault("LIVE_HEARTBEAT", HEARTBEAT)
    config.setdefault("LIVE_LONGEST", LONGEST)
    app.extensions["machi_live_slots"] = Slots(
        config.setdefault("LIVE_STREAMS", PER_PROCESS), config.setdefault("LIVE_STREAMS_PER_RESIDENT", PER_RESIDENT)
    )
    app.register_blueprint(bp)


@bp.get("/my/live")
@called_by(Caller.RESIDENT)
def live() -> Response:
    """`event: change`, data `{"fragments": [...]}`; a comment every 15 s (2 s at first); `event: ended` when the login is over.

    503 with Retry-After when there is no room or no bus: the page asks again from time to time instead.
    """
    login = current_login()
    instance = parts()
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    slots: Slots = app.extensions["machi_live_slots"]
    place = slots.take(login.resident_id)
    if place is None:
        return _no_stream()

    def alive() -> bool:
        with app.app_context(), instance.database.read() as session:
            return session_is_live(session, login.session_id)

    pace = Pace(app.config["LIVE_HEARTBEAT"], app.config["LIVE_LONGEST"])
    try:
        feed = Feed(instance, place, login.resident_id, login.session_id, alive, pace)
    except BusAwayError:
        return _no_stream()
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Response(feed, content_type="text/event-stream", headers=headers, direct_passthrough=True)


def _no_stream() -> Response:
    """The page looks for changes from time to time instead, and asks for a stream again later."""
    answer = problem_response(503, "no_stream_left", "No live stream is free. The page asks again by itself.")
    answer.headers["Retry-After"] = "30"
    return answer
