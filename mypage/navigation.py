"""The navigation: home, an entry for each family that has one, settings."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from .families import NavigationEntry, families
from .wording import N_

HOME = NavigationEntry("home", "my_home.home", N_("Home"), "home")
SETTINGS = NavigationEntry("settings", "my_account.index", N_("Settings"), "settings")


def entries() -> list[NavigationEntry]:
    """In the order in which they are shown."""
    return [HOME, *(family.entry for family in families() if family.entry is not None), SETTINGS]


def counts(session: Session, resident_id: str) -> dict[str, int]:
    """The numbers beside the entries, by their names, in one statement."""
    counted = [(entry.name, entry.count(resident_id)) for entry in entries() if entry.count is not None]
    row = session.execute(select(*(count.scalar_subquery() for _, count in counted))).one()
    return {name: int(number) for (name, _), number in zip(counted, row, strict=True)}
