"""A case that was filed on paper becomes visible here to the resident it belongs to."""

from __future__ import annotations

import unicodedata

from clients.kit import Database, Resident

from .cases import Case, find_case


def plain(name: str) -> str:
    """A name without spaces and width variants."""
    return "".join(unicodedata.normalize("NFKC", name).split())


def can_attach(case: Case | None, resident: Resident) -> bool:
    """Exact match only: the number is known, and verified name and birth date are those on the application."""
    return (
        case is not None
        and case.sub is None
        and bool(case.birthdate and case.applicant)
        and case.birthdate == resident.birthdate
        and plain(case.applicant) == plain(resident.name)
    )


def attach_case(database: Database, number: str, resident: Resident) -> bool:
    """Give the case to the resident; False if it is not theirs."""
    with database.transaction() as tx:
        if not can_attach(find_case(tx, number), resident):
            return False
        done = tx.execute("UPDATE office_case SET sub = ? WHERE number = ? AND sub IS NULL", (resident.sub, number))
    return done.rowcount == 1
