"""`machi clients streams`: which apps receive security events."""

from __future__ import annotations

import orjson
from sqlalchemy import func, select

from ..foundation.context import parts
from ..oidc.security_events.model import EventStream, SecurityEvent
from .clients import clients
from .root import json_option, say


@clients.command("streams")
@json_option
def streams(as_json: bool) -> None:
    """Streams of security events: app, way of delivery, status, and how many events wait."""
    with parts().database.read() as session:
        rows = session.execute(
            select(EventStream, func.count(SecurityEvent.jti).label("waiting"))
            .outerjoin(SecurityEvent, SecurityEvent.stream_id == EventStream.stream_id)
            .group_by(EventStream.stream_id)
            .order_by(EventStream.client_id)
        ).all()
    facts = [
        {
            "client_id": row.EventStream.client_id,
            "delivery": row.EventStream.push_url or "poll",
            "events": orjson.loads(row.EventStream.events_requested),
            "status": row.EventStream.status,
            "waiting": row.waiting,
        }
        for row in rows
    ]
    lines = [f"{f['client_id']}\t{f['delivery']}\t{f['status']}\t{f['waiting']} waiting" for f in facts]
    say(as_json, {"streams": facts}, "\n".join(lines) or "no streams")
