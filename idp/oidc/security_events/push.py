"""Push delivery (RFC 8935): each event is posted to the app until it says 202, refuses it, or the event is too old."""

from __future__ import annotations

import logging

import orjson
from sqlalchemy import delete, select

from ...foundation import clock
from ...foundation.outbound import HttpAnswer, OutboundError
from ...foundation.outbox import Job, RetryLaterError
from ..protection import EncryptionKeyError
from ..server import Provider
from .event_token import TYPE, make_event_token
from .model import ENABLED, EventStream, SecurityEvent
from .stream_config import open_authorization

log = logging.getLogger("machi.security_events")

# §2.4: said of the SET itself, which would be refused again. Other errors (a key not read yet, a changed password) can pass.
_FINAL = ("invalid_request", "invalid_issuer", "invalid_audience")


def deliver(op: Provider, job: Job) -> None:
    """Outbox handler. Raises `RetryLaterError` when the app does not take the event now."""
    with op.parts.database.read() as session:
        row = session.execute(
            select(SecurityEvent, EventStream)
            .join(EventStream, EventStream.stream_id == SecurityEvent.stream_id)
            .where(SecurityEvent.jti == job.payload["jti"], SecurityEvent.expires_at > clock.now())
        ).first()
    # Delivered before, too old, paused, or to be polled now: a stream that is enabled again asks anew.
    if row is None or row.EventStream.status != ENABLED or row.EventStream.push_url is None:
        return
    client = op.clients.get(row.EventStream.client_id)
    if client is None:
        return
    stream: EventStream = row.EventStream
    try:
        token = make_event_token(op, client, row.SecurityEvent)
        answer = op.parts.outbound.post(
            row.EventStream.push_url,
            token.encode(),
            f"application/{TYPE}",
            authorization=open_authorization(op.parts.vault, stream),
            accept="application/json",
        )
    except (EncryptionKeyError, OutboundError) as error:
        raise RetryLaterError(str(error)) from None
    if answer.status != 202:
        reason = error_code(answer)
        if answer.status != 400 or reason not in _FINAL:
            raise RetryLaterError(f"status {answer.status}")
        log.warning("app %s refused a security event: %s", client.client_id, reason)
    with op.parts.database.write() as session:
        session.execute(delete(SecurityEvent).where(SecurityEvent.jti == job.payload["jti"]))


def error_code(answer: HttpAnswer) -> str | None:
    """`err` of a refusal (§2.3)."""
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return None
    return str(body.get("err")) if isinstance(body, dict) else None
