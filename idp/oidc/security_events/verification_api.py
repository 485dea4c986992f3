"""Verification (SSF §8.1.4): an app asks for an event about the stream itself, to see that delivery works."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from ...foundation.web.callers import Caller, called_by
from ...foundation.web.errors import ProblemError
from ..server import NO_STORE, provider
from .caller import document, for_machines, managing_client, own_stream
from .event_types import VERIFICATION, Event
from .happenings import store
from .model import DISABLED
from .stream_config import MAX_TEXT

bp = Blueprint("event_stream_verification", __name__)

_LIMIT = "30/minute"


@bp.post("/ssf/verify")
@called_by(Caller.BEARER)
@for_machines
def verify() -> Response:
    """204; the event comes the way all events of the stream come, with the `state` of the request."""
    client, op, given = managing_client(), provider(), document()
    state = given.get("state")
    if state is not None and (not isinstance(state, str) or len(state) > MAX_TEXT or "\0" in state):
        raise ProblemError(400, "invalid_request", f"state is a text of at most {MAX_TEXT} characters.")
    members: dict[str, Any] = {} if state is None else {"state": state}
    op.parts.limits.hit(_LIMIT, "event-stream-verification", client.client_id)
    with op.parts.database.write() as session:
        stream = own_stream(session, client.client_id, given.get("stream_id"))
        if stream.status == DISABLED:
            raise ProblemError(400, "stream_disabled", "The stream is disabled: no event goes over it.")
        store(session, stream, Event(VERIFICATION, members))
    return Response(status=204, headers=NO_STORE)
