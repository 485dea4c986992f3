"""What rows hold as JSON, read so that no row can break a page: whatever does not have the shape of today is left out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from .text import Localised


def texts(value: Any) -> Localised:
    """A text by language; empty if there is none."""
    if not isinstance(value, Mapping):
        return {}
    return {str(tag): said for tag, said in value.items() if isinstance(said, str)}


def text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def number(value: Any) -> int:
    """A whole number from 0; 0 if there is none."""
    return value if isinstance(value, int) and value >= 0 else 0


def objects(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def members(value: Any) -> Mapping[str, Any]:
    """An object; empty if there is none."""
    return value if isinstance(value, Mapping) else {}


def moment(value: Any) -> datetime | None:
    """An aware time."""
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def day(value: Any) -> date | None:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return None
