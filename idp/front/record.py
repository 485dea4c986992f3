"""The record (audit): what happened to a resident, told to whoever listens in the same transaction."""

from __future__ import annotations

from ..audit import EventType, Recorded, on_record

__all__ = ["EventType", "Recorded", "on_record"]
