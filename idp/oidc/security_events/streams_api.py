"""Configuration endpoint (SSF §8.1.1): an app makes, reads, changes, replaces and deletes its stream."""

from __future__ import annotations

import orjson
from flask import Blueprint, Response, request
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ...audit import AuditEventType, record
from ...foundation import clock
from ...foundation.database import insert_if_absent
from ...foundation.ids import new_id
from ...foundation.web.callers import Caller, called_by
from ...foundation.web.errors import ProblemError
from ..server import NO_STORE, provider
from .caller import document, for_machines, json_answer, managing_client, own_stream, reading_client
from .happenings import announce_waiting
from .model import ENABLED, EventStream, IgnoredSubject, SecurityEvent
from .stream_config import (
    RECEIVERS,
    check_ours,
    parse_delivery,
    parse_description,
    parse_events,
    poll_url,
    public_configuration,
    set_delivery,
)

bp = Blueprint("event_streams", __name__)

PATH = "/ssf/streams"


@bp.post(PATH)
@called_by(Caller.BEARER)
@for_machines
def create() -> Response:
    """A stream, enabled at once: 201; 409 for an app that has one (§8.1.1.1)."""
    client, op, given = managing_client(), provider(), document()
    events, description = parse_events(given.get("events_requested")), parse_description(given.get("description"))
    delivery = parse_delivery(op.parts.outbound, given.get("delivery"))
    now, stream_id = clock.now(), new_id()
    with op.parts.database.write() as session:
        values = {
            "stream_id": stream_id,
            "client_id": client.client_id,
            "events_requested": orjson.dumps(events).decode(),
            "description": description,
            "status": ENABLED,
            "created_at": now,
            "changed_at": now,
        }
        insert_if_absent(session, EventStream, ["client_id"], values)
        stream = session.get(EventStream, stream_id)
        if stream is None:
            raise ProblemError(409, "stream_exists", "This client has a stream; one is all it can have.")
        set_delivery(op.parts.vault, stream, delivery)
        record(session, AuditEventType.EVENT_STREAM_CHANGED, client_id=client.client_id, did="created")
        return json_answer(public_configuration(op.parts.settings.issuer, stream), 201)


@bp.get(PATH)
@called_by(Caller.BEARER)
@for_machines
def read() -> Response:
    """The stream that is named, or a list of all there are (§8.1.1.2)."""
    client, op = reading_client(), provider()
    issuer, stream_id = op.parts.settings.issuer, request.args.get("stream_id")
    with op.parts.database.read() as session:
        if stream_id is not None:
            return json_answer(public_configuration(issuer, own_stream(session, client.client_id, stream_id)))
        rows = session.scalars(select(EventStream).where(EventStream.client_id == client.client_id))
        return json_answer([public_configuration(issuer, row) for row in rows])


@bp.patch(PATH)
@called_by(Caller.BEARER)
@for_machines
def update() -> Response:
    """Change what is named, and nothing else (§8.1.1.3)."""
    return _change(keep=True)


@bp.put(PATH)
@called_by(Caller.BEARER)
@for_machines
def replace() -> Response:
    """Replace everything: what is left out is gone (§8.1.1.4)."""
    return _change(keep=False)


@bp.delete(PATH)
@called_by(Caller.BEARER)
@for_machines
def end() -> Response:
    """Delete the stream with all that waits in it: 204 (§8.1.1.5)."""
    client = managing_client()
    with provider().parts.database.write() as session:
        stream = own_stream(session, client.client_id, request.args.get("stream_id"))
        forget_stream(session, stream)
        record(session, AuditEventType.EVENT_STREAM_CHANGED, client_id=client.client_id, did="deleted")
    return Response(status=204, headers=NO_STORE)


def forget_stream(session: Session, stream: EventStream) -> None:
    """The stream, its events and its exceptions."""
    session.execute(delete(SecurityEvent).where(SecurityEvent.stream_id == stream.stream_id))
    session.execute(delete(IgnoredSubject).where(IgnoredSubject.stream_id == stream.stream_id))
    session.delete(stream)


def _change(keep: bool) -> Response:
    client, op, given = managing_client(), provider(), document()
    issuer, stream_id = op.parts.settings.issuer, given.get("stream_id")
    with op.parts.database.read() as session:
        address = poll_url(issuer, own_stream(session, client.client_id, stream_id).stream_id)
    named = [name for name in RECEIVERS if name in given or not keep]
    events, description = parse_events(given.get("events_requested")), parse_description(given.get("description"))
    # Before the transaction: it looks a name up.
    delivery = parse_delivery(op.parts.outbound, given.get("delivery"), address)
    with op.parts.database.write() as session:
        stream = own_stream(session, client.client_id, stream_id)
        check_ours(issuer, stream, given)
        if "events_requested" in named:
            stream.events_requested = orjson.dumps(events).decode()
        if "description" in named:
            stream.description = description
        if "delivery" in named:
            set_delivery(op.parts.vault, stream, delivery)
            if stream.status == ENABLED:
                announce_waiting(session, stream)
        stream.changed_at = clock.now()
        record(session, AuditEventType.EVENT_STREAM_CHANGED, client_id=client.client_id, did="changed")
        return json_answer(public_configuration(issuer, stream))
