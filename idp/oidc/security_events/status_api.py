"""Status endpoint (SSF §8.1.2): an app pauses its stream, ends its pause, or switches it off."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from sqlalchemy import delete

from ...audit import AuditEventType, record
from ...foundation import clock
from ...foundation.web.callers import Caller, called_by
from ...foundation.web.errors import ProblemError
from ..server import provider
from .caller import document, for_machines, json_answer, managing_client, own_stream, reading_client
from .happenings import announce_waiting
from .model import DISABLED, ENABLED, STATUSES, EventStream, SecurityEvent
from .stream_config import MAX_TEXT

bp = Blueprint("event_stream_status", __name__)

PATH = "/ssf/status"


@bp.get(PATH)
@called_by(Caller.BEARER)
@for_machines
def read() -> Response:
    client = reading_client()
    with provider().parts.database.read() as session:
        return json_answer(_shown(own_stream(session, client.client_id, request.args.get("stream_id"))))


@bp.post(PATH)
@called_by(Caller.BEARER)
@for_machines
def update() -> Response:
    """`paused` holds events for later; `disabled` drops them, those that wait as well; `enabled` sends what was held."""
    client, given = managing_client(), document()
    status, reason = given.get("status"), given.get("reason")
    if status not in STATUSES:
        raise ProblemError(400, "invalid_request", "status is enabled, paused or disabled.")
    if reason is not None and (not isinstance(reason, str) or len(reason) > MAX_TEXT or "\0" in reason):
        raise ProblemError(400, "invalid_request", "reason is a short text.")
    with provider().parts.database.write() as session:
        stream = own_stream(session, client.client_id, given.get("stream_id"))
        stream.status, stream.status_reason, stream.changed_at = status, reason, clock.now()
        record(session, AuditEventType.EVENT_STREAM_CHANGED, client_id=client.client_id, did=status)
        if status == DISABLED:
            session.execute(delete(SecurityEvent).where(SecurityEvent.stream_id == stream.stream_id))
        elif status == ENABLED:
            announce_waiting(session, stream)
        return json_answer(_shown(stream))


def _shown(stream: EventStream) -> dict[str, Any]:
    body = {"stream_id": stream.stream_id, "status": stream.status}
    return body if stream.status_reason is None else body | {"reason": stream.status_reason}
