"""The ring of keys that the database holds, sealed under the operator's key: one row, by which a wrong key is noticed at once.

Look-ups go through keyed hashes whose plain text is stored nowhere (a card's issuer and serial, an activation code), and tokens that
apps hold for months are made with a key. Were these keys made from the operator's, it could never be changed (decision 0018). What only
the operator's key seals, `reseal` seals anew.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, LargeBinary, inspect, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, Session, mapped_column

from . import clock
from .database import Base, Database, insert_if_absent
from .outage import is_unavailable
from .settings import Settings, SettingsError
from .vault import RING_PLACE, Ring, Vault, VaultError

_ONE = 1
WRONG = (
    "MACHI_SECRET_KEY is not the key of this database: nothing in it would open. "
    "Correct it, or name the former key in MACHI_OLD_SECRET_KEYS as well"
)
NOT_READY = "the database holds no key ring: run `machi init`"
# What stood in databases, or with apps, under keys made from the operator's before there was a ring.
_MADE_BEFORE = (
    *(f"index:{purpose}" for purpose in (
        "local-number", "register-match", "register-near", "card", "activation-code", "device-user-code", "device-network",
    )),
    "prf:refresh token", "prf:refresh successor",
)  # fmt: skip


def is_sealed(place: str) -> dict[str, str]:
    """`info` of a column that holds what `Vault.encrypt` gave: its context, with the row's other columns in braces."""
    return {"sealed": place}


class KeyRing(Base):
    """One row."""

    __tablename__ = "key_ring"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sealed: Mapped[bytes] = mapped_column(LargeBinary, info=is_sealed(RING_PLACE))
    sealed_at: Mapped[datetime]
    """Since when it is sealed under its present key."""


def sealed_columns() -> list[Column[Any]]:
    """Every column declared so, the ring first."""
    found = [c for table in Base.metadata.sorted_tables for c in table.columns if "sealed" in c.info]
    return sorted(found, key=lambda c: (c.table.name != KeyRing.__tablename__, str(c)))


def open_vault(settings: Settings, database: Database) -> Vault:
    """The vault of this installation; nothing is read before it is needed."""

    def stored() -> bytes | None:
        with database.read() as session:
            return session.scalar(select(KeyRing.sealed))

    return Vault(settings.secret_key, settings.old_secret_keys, stored)


def vault_in(session: Session, settings: Settings) -> Vault:
    """The vault for an operation that is handed a session and the settings."""
    return Vault(settings.secret_key, settings.old_secret_keys, lambda: session.scalar(select(KeyRing.sealed)))


def ensure_ring(session: Session, vault: Vault) -> None:
    """Make the ring, if there is none: random in a new database; where something was sealed before, so that it is found again."""
    if session.scalar(select(KeyRing.id)) is not None:
        return
    ring = vault.ring_of_before(_MADE_BEFORE) if _key_ids(session) else Ring.new()
    values = {"id": _ONE, "sealed": vault.encrypt(ring.dump(), RING_PLACE), "sealed_at": clock.now()}
    insert_if_absent(session, KeyRing, ["id"], values)
    vault.forget_ring()


def check_key(database: Database, vault: Vault, *, serving: bool = False) -> None:
    """Refuse to work with a key that does not open what is stored. Raises `SettingsError`; a database that is away is looked at later,
    when the ring is first needed. `serving`: a schema without a ring is refused as well.
    """
    try:
        with database.read() as session:
            try:
                row = session.scalar(select(KeyRing.sealed))
            except DBAPIError as error:
                if is_unavailable(error):
                    raise
                session.rollback()  # a schema of before there were rings, or none
                row, serving = None, False
            if row is not None:
                vault.decrypt(row, RING_PLACE)
            elif any(not vault.knows(one) for one in _key_ids(session)):
                raise VaultError
            elif serving:
                raise SettingsError(NOT_READY)
    except VaultError:
        raise SettingsError(WRONG) from None
    except Exception as error:
        if not is_unavailable(error):
            raise


def _key_ids(session: Session) -> list[bytes]:
    """By which keys one value of each sealed column is sealed, as far as there are any."""
    looked = inspect(session.connection())
    tables = set(looked.get_table_names())
    found = []
    for column in sealed_columns():
        name = column.table.name
        if name in tables and column.name in {one["name"] for one in looked.get_columns(name)}:
            found.append(session.scalar(select(column).where(column.is_not(None)).limit(1)))
    return [bytes(value[:4]) for value in found if value is not None]
