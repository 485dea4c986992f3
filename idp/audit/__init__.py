"""What happened: an append-only record of typed events, without personal attributes."""

from .catalogue import AuditEventType
from .record import AuditEvent, Recorded, appends, on_record, record

__all__ = ["AuditEvent", "AuditEventType", "Recorded", "appends", "on_record", "record"]
