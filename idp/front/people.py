"""Residents, as the page may know them: a profile decrypted for one request, and who stands behind a number or a `sub`."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from ..foundation.context import parts
from ..foundation.driver import Question
from ..oidc.access import resolve_subject
from ..residents import Profile, asks_residents_of
from ..residents import asks_local_numbers as _asks_local_numbers
from ..residents import resident_profile as _resident_profile
from ..residents import resolve_local_number as _resolve_local_number

__all__ = [
    "Profile",
    "asks_local_numbers",
    "asks_residents_of",
    "resident_profile",
    "resolve_local_number",
    "resolve_subject",
]


def resident_profile(session: Session, resident_id: str) -> Profile:
    """Name and unified ID of a resident, decrypted for this request."""
    return _resident_profile(session, parts().vault, resident_id)


def resolve_local_number(session: Session, number: str) -> str | None:
    """The resident behind a local number (宛名番号); only for clients that may use local numbers."""
    return _resolve_local_number(session, parts().vault, number)


def asks_local_numbers(numbers: Iterable[str]) -> tuple[dict[str, str], Question]:
    """The same for many at once, as a question whose answers are an index and a resident_id; with the number that each index is of."""
    return _asks_local_numbers(parts().vault, numbers)
