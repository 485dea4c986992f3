"""What happened: an append-only record of typed events, without personal attributes."""

from .catalogue import EventType
from .record import AuditEvent, Recorded, on_record, record

__all__ = ["AuditEvent", "EventType", "Recorded", "on_record", "record"]
