"""The record (audit): what happened to a resident, told to whoever listens in the same transaction."""

from __future__ import annotations

from ..audit import AuditEventType, Recorded, on_record

__all__ = ["AuditEventType", "Recorded", "on_record"]
