"""Poll delivery (RFC 8936): an app fetches events and says which it has taken."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response
from sqlalchemy import delete, select

from ...foundation import clock
from ...foundation.ids import is_id
from ...foundation.live import BusUnavailableError
from ...foundation.web.callers import Caller, called_by
from ...foundation.web.errors import ProblemError
from ..clients import RegisteredClient
from ..protection import EncryptionKeyError
from ..server import Provider, provider
from .caller import document, for_machines, json_answer, own_stream, reading_client
from .event_token import make_event_token
from .happenings import poll_channel
from .model import ENABLED, EventStream, SecurityEvent

bp = Blueprint("event_stream_poll", __name__)
log = logging.getLogger("machi.security_events")

MAX_EVENTS = 100
MAX_ACKNOWLEDGED = 1000
WAIT_SECONDS = 10.0


class Waiters:
    """Who may hold a server thread of this process: so many, one for each stream. Others are answered at once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._streams: set[str] = set()
        self._lock = threading.Lock()

    def enter(self, stream_id: str) -> bool:
        with self._lock:
            if stream_id in self._streams or len(self._streams) >= self._most:
                return False
            self._streams.add(stream_id)
            return True

    def leave(self, stream_id: str) -> None:
        with self._lock:
            self._streams.discard(stream_id)


_waiting = Waiters(4)


@dataclass(frozen=True)
class Poll:
    """A request (§2.2): at most `limit` events, at once or when there are some; `taken` need not be kept."""

    limit: int
    at_once: bool
    taken: list[str]
    refused: int


@bp.post("/ssf/poll/<stream_id>")
@called_by(Caller.BEARER)
@for_machines
def poll(stream_id: str) -> Response:
    """200 with `sets` and `moreAvailable` (§2.3)."""
    caller, op = reading_client(), provider()
    asked = parse(document())
    with op.parts.database.read() as session:
        stream = own_stream(session, caller.client_id, stream_id)
    if stream.push_url is not None:
        raise ProblemError(404, "not_polled", "The events of this stream are pushed.")
    _forget(op, stream, asked.taken)
    if asked.refused:
        log.warning("app %s refused %s security events", caller.client_id, asked.refused)
    client = op.clients.get(caller.client_id)
    if client is None or asked.limit == 0 or stream.status != ENABLED:
        return json_answer({"sets": {}, "moreAvailable": False})
    events = _find(op, stream, asked.limit) if asked.at_once else _wait(op, stream, asked.limit)
    return _answer(op, client, events[: asked.limit], len(events) > asked.limit)


def parse(given: dict[str, Any]) -> Poll:
    """Raises a 400 problem for what is not as in RFC 8936 §2.2."""
    limit, at_once = given.get("maxEvents", MAX_EVENTS), given.get("returnImmediately", False)
    taken, errors = given.get("ack", []), given.get("setErrs", {})
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
        raise ProblemError(400, "invalid_request", "maxEvents is a number from 0.")
    if not isinstance(at_once, bool):
        raise ProblemError(400, "invalid_request", "returnImmediately is true or false.")
    if not isinstance(taken, list) or not all(isinstance(jti, str) for jti in taken):
        raise ProblemError(400, "invalid_request", "ack is a list of jti.")
    if not isinstance(errors, dict) or not all(isinstance(error, dict) for error in errors.values()):
        raise ProblemError(400, "invalid_request", "setErrs names an error for each jti.")
    if len(taken) + len(errors) > MAX_ACKNOWLEDGED:
        raise ProblemError(400, "invalid_request", f"At most {MAX_ACKNOWLEDGED} events in one request.")
    # An event that the app cannot use would be the same the next time (§2.4): it is not sent again either.
    return Poll(min(limit, MAX_EVENTS), at_once, [jti for jti in [*taken, *errors] if is_id(jti)], len(errors))


def _forget(op: Provider, stream: EventStream, jtis: list[str]) -> None:
    if jtis:
        with op.parts.database.write() as session:
            session.execute(
                delete(SecurityEvent).where(SecurityEvent.stream_id == stream.stream_id, SecurityEvent.jti.in_(jtis))
            )


def _find(op: Provider, stream: EventStream, limit: int) -> list[SecurityEvent]:
    """The oldest events, one more than wanted to know whether there are more."""
    with op.parts.database.read() as session:
        due = select(SecurityEvent).where(
            SecurityEvent.stream_id == stream.stream_id, SecurityEvent.expires_at > clock.now()
        )
        return list(session.scalars(due.order_by(SecurityEvent.position).limit(limit + 1)))


def _wait(op: Provider, stream: EventStream, limit: int) -> list[SecurityEvent]:
    """As `_find`, but when there are none, wait a little for one (§2.2: long polling)."""
    if not _waiting.enter(stream.stream_id):
        return _find(op, stream, limit)
    try:
        with op.parts.bus.subscribe(poll_channel(stream.stream_id)) as subscription:
            # Looked for after subscribing: what comes in between is not missed.
            events = _find(op, stream, limit)
            if not events:
                subscription.next(timeout=WAIT_SECONDS)
                # Looked for in any case: an event of another process may have come without a word (`memory://`).
                events = _find(op, stream, limit)
            return events
    except BusUnavailableError:  # nobody can wake us; the app asks again
        return _find(op, stream, limit)
    finally:
        _waiting.leave(stream.stream_id)


def _answer(op: Provider, client: RegisteredClient, events: list[SecurityEvent], more: bool) -> Response:
    try:
        sets = {event.jti: make_event_token(op, client, event) for event in events}
    except EncryptionKeyError:
        raise ProblemError(503, "no_encryption_key", "The client's encryption key cannot be used now.") from None
    return json_answer({"sets": sets, "moreAvailable": more})
