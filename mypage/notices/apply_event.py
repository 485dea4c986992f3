"""Apply what a department says about a notice."""

from __future__ import annotations

from ..families import Status, UnitOfWork, order_of
from ..text import searchable
from .post import new_notice, post_notice
from .schema import NoticePublished, NoticeWithdrawn
from .store import NOTICES


def apply_published(unit: UnitOfWork, event: NoticePublished, resident_id: str | None) -> tuple[Status, bool]:
    """A notice is published or corrected; before its `publish_at` it is stored, not shown.

    Returns the status, and whether a sequence number was skipped.
    """
    notice = unit.rows(NOTICES).get(event.subject)
    gap = False
    if notice is None:
        notice = new_notice(unit, resident_id, subject=event.subject)
    else:
        stale, gap = order_of(notice, event, resident_id)
        if stale:
            return "stale", False
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
    post_notice(unit, notice)
    return "accepted", gap


def apply_withdrawn(unit: UnitOfWork, event: NoticeWithdrawn, resident_id: str | None) -> tuple[Status, bool]:
    """A notice disappears. One that has not come in yet has this event wait for it."""
    notice = unit.rows(NOTICES).get(event.subject)
    if notice is None:
        return "held", False
    stale, gap = order_of(notice, event, resident_id)
    if stale:
        return "stale", False
    notice |= {"sequence": event.sequence, "withdrawn_at": unit.now}
    post_notice(unit, notice)
    return "accepted", gap
