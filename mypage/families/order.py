"""Where an event stands among those about the same subject."""

from __future__ import annotations

from typing import NamedTuple

from ..columns import Row
from ..wire.event import Envelope
from .refused import EventRefusedError


class Order(NamedTuple):
    """`stale`: a newer one came in before. `gap`: a sequence number before this one has not come in."""

    stale: bool
    gap: bool


def order_of(row: Row, event: Envelope, resident_id: str | None) -> Order:
    """An event after what its row holds already. Raises `EventRefusedError` if it names another resident than the row."""
    if resident_id is not None and resident_id != row["resident_id"]:
        raise mismatch()
    stale = event.sequence <= row["sequence"]
    return Order(stale, not stale and int(event.sequence) > int(row["sequence"]) + 1)


def mismatch() -> EventRefusedError:
    """An event that names another resident than those before it about the same subject."""
    return EventRefusedError(422, "resident_mismatch", "This subject belongs to another resident.")
