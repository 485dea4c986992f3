"""Names of channels on the live bus."""

from __future__ import annotations


def resident_channel(resident_id: str) -> str:
    """`{"fragments": [...]}` whenever something on this resident's pages has changed."""
    return f"resident:{resident_id}"


def session_channel(session_id: str) -> str:
    """`{"ended": session_id}` when this login has ended."""
    return f"session:{session_id}"
