"""From the record to the streams: what happened becomes events for the apps that may hear of it, in the same transaction.

An end of a login concerns the apps that took part in it. A change of credentials concerns the apps that know the resident and may
still: an app whose access was ended learns nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import orjson
from sqlalchemy import and_, delete, literal, or_, select
from sqlalchemy.orm import Session

from ...audit import AuditEventType, Recorded
from ...foundation import clock
from ...foundation.after_commit import after_commit, wake_worker_after_commit
from ...foundation.ids import new_id
from ...foundation.outbox import OutboxRow, enqueue
from ...residents.model import SubjectIdentifier
from ..clients.model import Client
from ..grants.model import Consent, SessionClient
from .event_types import Event, event_of
from .model import DISABLED, PAUSED, EventStream, IgnoredSubject, SecurityEvent

PUSH_TOPIC = "oidc.security_event"
# An app that has not fetched an event by then would only learn of something long over.
KEEP = timedelta(days=7)


@dataclass(frozen=True)
class Recipient:
    """A stream, and the resident as this app knows them; `sid` names the one session that is meant."""

    stream: EventStream
    sub: str
    sid: str | None = None


def tell_streams(session: Session, happened: Recorded) -> None:
    """Listener of the record."""
    event = event_of(session, happened)
    if event is None or happened.resident_id is None:
        return
    for recipient in _recipients(session, happened):
        if event.type not in orjson.loads(recipient.stream.events_requested):
            continue
        if session.get(IgnoredSubject, (recipient.stream.stream_id, recipient.sub)) is None:
            store(session, recipient.stream, event, recipient.sub, recipient.sid)


def store(session: Session, stream: EventStream, event: Event, sub: str | None = None, sid: str | None = None) -> None:
    """Keep an event for a stream and have it delivered, or held while the stream pauses."""
    if stream.status == DISABLED:
        return
    now = clock.now()
    jti = new_id()
    session.add(
        SecurityEvent(
            jti=jti,
            stream_id=stream.stream_id,
            event_type=event.type,
            members=orjson.dumps(event.members).decode(),
            sub=sub,
            sid=sid,
            # One for each stream: a shared one would let two departments find out that they know the same person.
            txn=new_id(),
            created_at=now,
            expires_at=now + KEEP,
        )
    )
    if stream.status != PAUSED:
        announce(session, stream, [jti])


def announce(session: Session, stream: EventStream, jtis: list[str]) -> None:
    """Events of a stream can go: push them, or let a waiting poll answer."""
    if stream.push_url is None:
        channel = poll_channel(stream.stream_id)
        after_commit(session, lambda instance: instance.bus.publish(channel, {}))
        return
    for jti in jtis:
        enqueue(session, PUSH_TOPIC, {"jti": jti}, lane=stream.client_id)
    wake_worker_after_commit(session)


def announce_waiting(session: Session, stream: EventStream) -> None:
    """After a pause, or when the way of delivery changed: all that waits goes anew, without the tries it had before."""
    waiting = select(SecurityEvent.jti).where(SecurityEvent.stream_id == stream.stream_id)
    jobs = waiting.with_only_columns(literal('{"jti":"') + SecurityEvent.jti + '"}')
    session.execute(delete(OutboxRow).where(OutboxRow.topic == PUSH_TOPIC, OutboxRow.payload.in_(jobs)))
    announce(session, stream, list(session.scalars(waiting.order_by(SecurityEvent.position))))


def poll_channel(stream_id: str) -> str:
    return f"security-events:{stream_id}"


def _recipients(session: Session, happened: Recorded) -> list[Recipient]:
    known = and_(SubjectIdentifier.resident_id == happened.resident_id, SubjectIdentifier.sector == Client.sector)
    streams = (
        select(EventStream, SubjectIdentifier.sub)
        .join(Client, Client.client_id == EventStream.client_id)
        .join(SubjectIdentifier, known)
        .where(Client.active.is_(True), EventStream.status != DISABLED)
    )
    if happened.event is AuditEventType.SESSION_ENDED:
        took_part = and_(
            SessionClient.client_id == EventStream.client_id, SessionClient.session_id == happened.facts["login"]
        )
        rows = session.execute(streams.add_columns(SessionClient.sid).join(SessionClient, took_part))
        return [Recipient(row.EventStream, row.sub, row.sid) for row in rows]
    if happened.client_id is not None:
        streams = streams.where(EventStream.client_id == happened.client_id)
    else:
        consent = and_(Consent.resident_id == happened.resident_id, Consent.client_id == EventStream.client_id)
        allowed = or_(Consent.granted_at.is_not(None), Client.skip_consent.is_(True))
        streams = streams.outerjoin(Consent, consent).where(Consent.ended_at.is_(None), allowed)
    return [Recipient(row.EventStream, row.sub) for row in session.execute(streams)]
