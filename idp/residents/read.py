"""Looking at residents."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..foundation.driver import Find, Question, find_all
from ..foundation.vault import Vault
from .attributes import unseal
from .model import Ceremony, RegistryLink, Resident
from .unified_id import grouped

# What each way of proving gives as identity level (NIST SP 800-63A): 3 face to face or by the signature certificate, 2 by post.
# Computed when asked, never stored: what a level asks for changes, what was done does not.
IDENTITY_LEVELS = {"jpki_signature": 3, "activation_code_counter": 3, "activation_code_post": 2}


@dataclass(frozen=True)
class Profile:
    """What a page shows of the resident themself. `unified_id` is grouped for reading, empty while unclaimed."""

    resident_id: str
    unified_id: str
    name: str = field(repr=False)
    kana: str = field(repr=False)
    state: str = "active"


def resident_profile(session: Session, vault: Vault, resident_id: str) -> Profile:
    """Raises `sqlalchemy.exc.NoResultFound` for an unknown id."""
    row = session.get_one(Resident, resident_id)
    attributes = unseal(vault, resident_id, row.attributes)
    unified_id = grouped(row.unified_id) if row.unified_id else ""
    return Profile(resident_id, unified_id, attributes.name, attributes.kana, row.state)


def resolve_local_number(session: Session, vault: Vault, number: str) -> str | None:
    """The resident behind a local number (宛名番号)."""
    return session.scalar(
        select(RegistryLink.resident_id).where(RegistryLink.local_index.in_(vault.indexes("local-number", number)))
    )


def resolve_local_numbers(session: Session, vault: Vault, numbers: Iterable[str]) -> dict[str, str]:
    """`resolve_local_number` for many at once; unknown ones are left out."""
    number_of, question = asks_local_numbers(vault, numbers)
    (found,) = find_all(session, [question])
    return {number_of[index]: resident_id for index, resident_id in found}


_LOCAL_NUMBERS = Find(("local_index", "resident_id"), "FROM registry_link WHERE local_index among:indexes")


def asks_local_numbers(vault: Vault, numbers: Iterable[str]) -> tuple[dict[str, str], Question]:
    """The same as a question: each answer is an index and a resident_id. With the number that each index is of."""
    number_of = {index: number for number in numbers for index in vault.indexes("local-number", number)}
    return number_of, (_LOCAL_NUMBERS, {"indexes": list(number_of)})


def identity_level(methods: Iterable[str]) -> int:
    """1 to 3, from the ceremonies that proved the resident."""
    return max((IDENTITY_LEVELS.get(m, 1) for m in methods), default=1)


def proofing_methods(session: Session, resident_id: str) -> list[str]:
    return list(session.scalars(select(Ceremony.method).where(Ceremony.resident_id == resident_id)))
