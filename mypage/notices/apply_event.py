"""Apply what a department says about a notice."""

from __future__ import annotations

from idp.front.storage import new_id

from ..columns import Row
from ..families.unit_of_work import RefusedError, Status, UnitOfWork
from ..text import searchable
from .schema import NoticePublished, NoticeWithdrawn


def apply_published(unit: UnitOfWork, event: NoticePublished, resident_id: str | None) -> tuple[Status, bool]:
    """A notice is published or corrected; before its `publish_at` it is stored, not shown.

    Returns the status, and whether a sequence number was skipped.
    """
    notice = unit.notices.get(event.subject)
    gap = False
    if notice is None:
        notice = {"notice_id": new_id(), "client_id": unit.client_id, "subject": event.subject}
        notice |= {"resident_id": resident_id, "template": None, "params": None, "opened_at": None}
        notice |= {"acknowledged_at": None, "recorded_at": unit.now, "published_at": unit.now}
    else:
        if resident_id is not None and resident_id != notice["resident_id"]:
            raise RefusedError(422, "resident_mismatch", "This notice belongs to another resident.")
        if event.sequence <= notice["sequence"]:
            return "stale", False
        gap = int(event.sequence) > int(notice["sequence"]) + 1
    data = event.data
    notice |= {
        "sequence": event.sequence,
        "kind": data.kind,
        "importance": data.importance,
        "title": data.title,
        "body": data.body,
        "discreet_text": data.discreet_text,
        "related_case": data.related_case,
        "requires_ack": data.requires_ack,
        "act_by": data.act_by,
        "words": searchable([data.title, data.body]),
        "published_at": data.publish_at or min(notice["published_at"], unit.now),
        "expires_at": event.expirytime,
        "withdrawn_at": None,
    }
    _put(unit, notice)
    return "accepted", gap


def apply_withdrawn(unit: UnitOfWork, event: NoticeWithdrawn, resident_id: str | None) -> tuple[Status, bool]:
    """A notice disappears. One that has not come in yet has this event wait for it."""
    notice = unit.notices.get(event.subject)
    if notice is None:
        return "held", False
    if resident_id is not None and resident_id != notice["resident_id"]:
        raise RefusedError(422, "resident_mismatch", "This notice belongs to another resident.")
    if event.sequence <= notice["sequence"]:
        return "stale", False
    gap = int(event.sequence) > int(notice["sequence"]) + 1
    notice |= {"sequence": event.sequence, "withdrawn_at": unit.now}
    _put(unit, notice)
    return "accepted", gap


def _put(unit: UnitOfWork, notice: Row) -> None:
    unit.notices.put(notice)
    if notice["published_at"] > unit.now and notice["withdrawn_at"] is None:
        unit.told_later(notice["published_at"], notice["resident_id"], "home", "notices", "badges")
    unit.told(notice["resident_id"], "home", "notices", "badges")
