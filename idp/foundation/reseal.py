"""Sealing everything stored anew under `MACHI_SECRET_KEY`, while the installation runs, so that a former key can go.

In small transactions, in the order of primary keys. What was done stays done: after a kill, the next run passes over it. A row is
changed only if it still holds what was read, and a row that somebody holds is left for the next pass, so nobody waits for this.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, LargeBinary, Row, Select, and_, func, literal, select, tuple_, update
from sqlalchemy.orm import Session

from . import clock
from .database import Database
from .key_ring import KeyRing, sealed_columns
from .vault import SEEN_SECONDS, Vault, VaultError

BATCH = 200
PASSES = 5

Progress = Callable[[str, int, int], None]
"""`(column, done, of)`."""


@dataclass
class Resealed:
    """What a run did and what is left under other keys than the present one."""

    resealed: int = 0
    left: int = 0
    unreadable: dict[str, int] = field(default_factory=dict)
    """Values by column that no named key opens."""

    @property
    def complete(self) -> bool:
        return not (self.left or self.unreadable)


def reseal(database: Database, vault: Vault, progress: Progress, batch: int = BATCH) -> Resealed:
    """Run to the end. The ring goes first: from then on, within `SEEN_SECONDS`, every process seals under the present key."""
    report = Resealed()
    columns = sealed_columns()
    for column in columns:
        _pass(database, vault, column, report, progress, batch)
    _wait_for_others(database)
    for _ in range(PASSES):
        report.unreadable.clear()
        for column in columns:
            _pass(database, vault, column, report, progress, batch)
        report.left = sum(_count(database, vault, column) for column in columns) - sum(report.unreadable.values())
        if report.left <= 0:
            break
    return report


def _wait_for_others(database: Database) -> None:
    """Until no process can think any more that the former key is the one to seal with."""
    with database.read() as session:
        since = session.scalars(select(KeyRing.sealed_at)).one()
    time.sleep(max(0.0, SEEN_SECONDS + 1 - (clock.now() - since).total_seconds()))


def _under_others(vault: Vault, column: Column[Any]) -> Any:
    return and_(column.is_not(None), func.substr(column, 1, 4) != literal(vault.key_id, LargeBinary))


def _count(database: Database, vault: Vault, column: Column[Any]) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(column.table).where(_under_others(vault, column))) or 0


def _pass(
    database: Database, vault: Vault, column: Column[Any], report: Resealed, progress: Progress, batch: int
) -> None:
    """Once over the table, in the order of its key."""
    total = _count(database, vault, column)
    done = 0
    key = list(column.table.primary_key.columns)
    last: Sequence[Any] | None = None
    while total:
        with database.write() as session:
            rows = session.execute(_next(vault, column, key, last, batch)).all()
            for row in rows:
                _one(session, vault, column, key, row, report)
        if not rows:
            return
        last = [getattr(rows[-1], each.name) for each in key]
        done += len(rows)
        progress(str(column), done, max(total, done))


def _next(
    vault: Vault, column: Column[Any], key: list[Column[Any]], last: Sequence[Any] | None, batch: int
) -> Select[Any]:
    chosen = select(*column.table.columns).where(_under_others(vault, column)).order_by(*key).limit(batch)
    if last is not None:
        chosen = chosen.where(
            tuple_(*key) > tuple_(*(literal(value, each.type) for value, each in zip(last, key, strict=True)))
        )
    return chosen.with_for_update(skip_locked=True)


def _one(
    session: Session, vault: Vault, column: Column[Any], key: list[Column[Any]], row: Row[Any], report: Resealed
) -> None:
    before = getattr(row, column.name)
    try:
        after = vault.seal_anew(before, str(column.info["sealed"]).format(**row._mapping))
    except VaultError:
        report.unreadable[str(column)] = report.unreadable.get(str(column), 0) + 1
        return
    same = and_(*(each == getattr(row, each.name) for each in key), column == before)
    values: dict[str, Any] = {column.name: after}
    if column.table.name == KeyRing.__tablename__:
        values["sealed_at"] = clock.now()
    report.resealed += session.execute(update(column.table).where(same).values(values)).rowcount  # type: ignore[attr-defined]
