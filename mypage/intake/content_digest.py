"""What is kept of an event, and its digest: by it the same event is known again, however it was written.

Not part of it: attributes that are not kept (`traceparent` changes with every attempt), the order of members, the zone of a time, and
whether what has no value is null or left out, except where an event says something by null.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from typing import Any

import orjson

from ..wire.event import Envelope

_ATTRIBUTES = ("type", "subject", "sequence", "time", "expirytime")


def content_digest(event: Envelope) -> str:
    """SHA-256, in hexadecimal."""
    data = event.data  # type: ignore[attr-defined]
    told = data.model_dump(exclude_defaults=True)
    told |= dict.fromkeys(data.says_by_null & data.model_fields_set - set(told))
    said = vars(event)
    kept = {name: said.get(name) for name in _ATTRIBUTES} | {"data": told}
    options = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME
    return hashlib.sha256(orjson.dumps(kept, _written, options)).hexdigest()


def _written(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError
