"""The one way for a notice to come to a page, whoever speaks: a department, a case, or the city about the security of the ID."""

from __future__ import annotations

from typing import Any

from idp.front.storage import new_id

from ..columns import Row
from ..families import UnitOfWork
from ..posted import Importance, Item
from .store import NOTICES, SHOWN_ON


def new_notice(unit: UnitOfWork, resident_id: str | None, **told: Any) -> Row:
    """A notice of the unit's client (None: the city), shown from now on unless `told` says otherwise."""
    nothing = dict.fromkeys(column.name for column in NOTICES.table.columns)
    begun = {"notice_id": new_id(), "client_id": unit.client_id, "resident_id": resident_id, "requires_ack": False}
    return {**nothing, **begun, "published_at": unit.now, "recorded_at": unit.now, **told}


def post_notice(unit: UnitOfWork, notice: Row) -> None:
    """A notice is new, or another than it was; open pages show it at once or, before its time, then."""
    rows = unit.rows(NOTICES)
    if notice["subject"] is None:
        rows.append(notice)
    else:
        rows.put(notice)
    gone, later = notice["withdrawn_at"] is not None, notice["published_at"] > unit.now
    if gone or later:  # a correction may have taken it from the page
        unit.postings.add(notice["resident_id"], SHOWN_ON)
    if not gone:
        importance: Importance = "emergency" if notice["kind"] == "emergency" else notice["importance"]
        item = Item("notice", notice["notice_id"], importance)
        unit.postings.add(notice["resident_id"], SHOWN_ON, item, notice["published_at"] if later else None)
