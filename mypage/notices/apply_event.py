"""Apply what a department says about a notice."""

from __future__ import annotations

from idp.front.storage import new_id

from ..columns import Row
from ..ledger import Ledger, RefusedError, Status
from ..text import searchable
from .schema import NoticePublished, NoticeWithdrawn


def apply_published(ledger: Ledger, event: NoticePublished, resident_id: str | None) -> tuple[Status, bool]:
    """A notice is published or corrected; before its `publish_at` it is stored, not shown.

    Returns the status, and whether a sequence number was skipped.
    """
    notice = ledger.notices.get(event.subject)
    gap = False
    if notice is None:
        notice = {"notice_id": new_id(), "client_id": ledger.client_id, "subject": event.subject}
        notice |= {"resident_id": resident_id, "template": None, "params": None, "opened_at": None}
        notice |= {"acknowledged_at": None, "recorded_at": ledger.now, "published_at": ledger.now}
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
        "published_at": data.publish_at or min(notice["published_at"], ledger.now),
        "expires_at": event.expirytime,
        "withdrawn_at": None,
    }
    _put(ledger, notice)
    return "accepted", gap


def apply_withdrawn(ledger: Ledger, event: NoticeWithdrawn, resident_id: str | None) -> tuple[Status, bool]:
    """A notice disappears. One that has not come in yet has this event wait for it."""
    notice = ledger.notices.get(event.subject)
    if notice is None:
        return "held", False
    if resident_id is not None and resident_id != notice["resident_id"]:
        raise RefusedError(422, "resident_mismatch", "This notice belongs to another resident.")
    if event.sequence <= notice["sequence"]:
        return "stale", False
    gap = int(event.sequence) > int(notice["sequence"]) + 1
    notice |= {"sequence": event.sequence, "withdrawn_at": ledger.now}
    _put(ledger, notice)
    return "accepted", gap


def _put(ledger: Ledger, notice: Row) -> None:
    ledger.notices.put(notice)
    if notice["published_at"] > ledger.now and notice["withdrawn_at"] is None:
        ledger.told_later(notice["published_at"], notice["resident_id"], "home", "notices", "badges")
    ledger.told(notice["resident_id"], "home", "notices", "badges")
