"""Residents, as the page may know them: a profile decrypted for one request, and who stands behind a number or a `sub`."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from ..foundation.context import parts
from ..oidc.access import resolve_subject, resolve_subjects
from ..residents import read as _residents
from ..residents.read import Profile

__all__ = [
    "Profile",
    "resident_profile",
    "resolve_local_number",
    "resolve_local_numbers",
    "resolve_subject",
    "resolve_subjects",
]


def resident_profile(session: Session, resident_id: str) -> Profile:
    """Name and unified ID of a resident, decrypted for this request."""
    return _residents.resident_profile(session, parts().vault, resident_id)


def resolve_local_number(session: Session, number: str) -> str | None:
    """The resident behind a local number (宛名番号); only for clients that may use local numbers."""
    return _residents.resolve_local_number(session, parts().vault, number)


def resolve_local_numbers(session: Session, numbers: Iterable[str]) -> dict[str, str]:
    """`resolve_local_number` for many at once; unknown ones are left out."""
    return _residents.resolve_local_numbers(session, parts().vault, numbers)
