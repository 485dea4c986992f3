"""Everything about an event that can be checked without the database, one check after the other."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import ValidationError

from idp.front.resource_server import ApiClient

from ..families import EventRefusedError, EventType, event_types
from ..wire.event import Envelope
from .content_digest import content_digest
from .inspect import MAX_ERRORS, json_pointer, refuse_forbidden

MAX_EVENT_BYTES = 256 * 1024


@dataclass(frozen=True)
class Checked:
    """An event fit to be applied. `body` is its canonical JSON, `digest` that of what is kept, `sent` that of it as it was sent."""

    type: EventType
    event: Any
    body: bytes
    digest: str = ""
    sent: str = ""


def check_event(raw: Any, client: ApiClient) -> Checked:
    """Raises `EventRefusedError`; its text never repeats a value of `data`."""
    if not isinstance(raw, dict):
        raise EventRefusedError(422, "invalid_event", "An event is a JSON object.")
    try:
        body = orjson.dumps(raw, option=orjson.OPT_SORT_KEYS)
        sent = hashlib.sha256(body).hexdigest()
        refuse_forbidden(raw)
    except orjson.JSONEncodeError:
        raise EventRefusedError(422, "invalid_event", "The event is nested too deeply.") from None
    if len(body) > MAX_EVENT_BYTES:
        raise EventRefusedError(413, "event_too_large", "An event has at most 256 KB.", max_bytes=MAX_EVENT_BYTES)
    if not all(value is not None for value in raw.values()):  # CloudEvents JSON format §2.2: null is as good as absent
        raw = {name: value for name, value in raw.items() if value is not None or name == "data"}
        body = orjson.dumps(raw, option=orjson.OPT_SORT_KEYS)
    kind = _type_of(raw)
    _check_source(raw, client)
    if kind.scope not in client.scopes:
        raise EventRefusedError(
            403, "insufficient_scope", "The access token lacks the scope for this type.", scope=kind.scope
        )
    event = _shaped(kind, raw)
    return Checked(kind, event, body, content_digest(event), sent)


def _type_of(raw: dict[str, Any]) -> EventType:
    name = raw.get("type")
    found = event_types().get(name) if isinstance(name, str) else None
    if found is None:
        raise EventRefusedError(422, "unknown_type", "This event type does not exist.", allowed=list(event_types()))
    return found


def _check_source(raw: dict[str, Any], client: ApiClient) -> None:
    if not client.event_source or raw.get("source") != client.event_source:
        raise EventRefusedError(403, "foreign_source", "The source is not the one registered for this client.")


def _shaped(kind: EventType, raw: dict[str, Any]) -> Envelope:
    try:
        return kind.shape.model_validate(raw)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
    for e in found:
        if e["type"] == "literal_error" and (words := kind.closed_words.get(e["loc"])):
            raise EventRefusedError(422, words.code, words.detail, allowed=list(words.allowed))
    errors = [{"pointer": json_pointer(e["loc"]), "reason": _reason(e)} for e in found[:MAX_ERRORS]]
    raise EventRefusedError(422, "invalid_event", "The event does not fit its schema.", errors=errors)


def _reason(error: Any) -> str:
    if error["type"] == "union_tag_invalid":  # its own text would repeat the value
        return f"must be one of {error['ctx']['expected_tags']}"
    return str(error["msg"]).removeprefix("Value error, ")
