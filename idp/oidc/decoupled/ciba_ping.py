"""Ping (CIBA §10.2): tells the app that the resident has answered. What was answered, it learns at the token endpoint."""

from __future__ import annotations

import orjson
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ...foundation import clock
from ...foundation.outbound import OutboundError
from ...foundation.outbox import Job, RetryLaterError, enqueue
from ..server import Provider
from .model import BackchannelRequest

TOPIC = "oidc.ciba_ping"


def queue_ping(session: Session, row: BackchannelRequest) -> None:
    """After the answer, in its transaction; nothing for apps that poll."""
    if row.ping_sealed is not None:
        enqueue(session, TOPIC, {"request_id": row.request_id}, lane=row.client_id)


def deliver(op: Provider, job: Job) -> None:
    """Outbox handler. An app that answered anything but a failure of its server is not asked again; nor is one whose time is over."""
    with op.parts.database.read() as session:
        row = session.scalars(
            select(BackchannelRequest).where(BackchannelRequest.request_id == job.payload["request_id"])
        ).first()
    if row is None or row.ping_sealed is None or row.expires_at <= clock.now():
        return
    client = op.clients.get(row.client_id)
    uri = client.metadata.get("backchannel_client_notification_endpoint") if client is not None else None
    if not uri:
        return
    auth_req_id, token = orjson.loads(op.parts.vault.decrypt(row.ping_sealed, f"ciba-ping:{row.request_id}"))
    body = orjson.dumps({"auth_req_id": auth_req_id})
    try:
        answer = op.parts.outbound.post(uri, body, "application/json", bearer=token)
    except OutboundError as error:
        raise RetryLaterError(str(error)) from None
    if answer.status >= 500:
        raise RetryLaterError(f"status {answer.status}")
    with op.parts.database.write() as session:
        session.execute(
            update(BackchannelRequest).where(BackchannelRequest.request_id == row.request_id).values(ping_sealed=None)
        )
