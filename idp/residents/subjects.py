"""Pairwise subject identifiers (OIDC Core §8.1): one `sub` per resident and sector, random, stored, never reassigned."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..foundation import clock
from ..foundation.database import insert_if_absent
from ..foundation.driver import Find, Question
from ..foundation.ids import new_subject
from .model import SubjectIdentifier


def subject_of(session: Session, resident_id: str, sector: str) -> str:
    """The `sub`, made at first use; two requests at once get the same one. Needs a writing session."""
    wanted = select(SubjectIdentifier.sub).where(
        SubjectIdentifier.resident_id == resident_id, SubjectIdentifier.sector == sector
    )
    if found := session.scalar(wanted):
        return found
    values = {"sub": new_subject(), "resident_id": resident_id, "sector": sector, "created_at": clock.now()}
    insert_if_absent(session, SubjectIdentifier, ["resident_id", "sector"], values)
    return session.scalars(wanted).one()


def resident_of(session: Session, sub: str, sector: str) -> str | None:
    """Whose `sub` this is, if it is one of this sector; another sector's is unknown here."""
    return session.scalar(
        select(SubjectIdentifier.resident_id).where(SubjectIdentifier.sub == sub, SubjectIdentifier.sector == sector)
    )


_RESIDENTS_OF = Find(("sub", "resident_id"), "FROM subject_identifier WHERE sector = :sector AND sub among:subs")


def asks_residents_of(subs: Collection[str], sector: str) -> Question:
    """`resident_of` for many at once, as a question: each answer is `sub` and resident_id. What is not of this sector has none."""
    return _RESIDENTS_OF, {"subs": list(subs), "sector": sector}
