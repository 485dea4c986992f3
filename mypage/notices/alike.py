"""Notices that say the same to many: what they say is no single resident's affair, and can be told to all of them at once."""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from .model import Notice
from .visible import shown_now

MANY = 20
"""Residents to whom one department says the same in the same moment."""
_TOGETHER = 500


def said_to_many(session: Session, notice_ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """By notice, for those that a department sent to many of these in the same words: `{"title": {language: text}, "important"}`."""
    if len(notice_ids) < MANY:
        return {}
    alike: dict[tuple[Any, ...], list[str]] = {}
    titles: dict[tuple[Any, ...], dict[str, Any]] = {}
    waiting = iter(notice_ids)
    columns = (Notice.notice_id, Notice.client_id, Notice.title, Notice.body, Notice.kind, Notice.importance)
    while some := list(islice(waiting, _TOGETHER)):
        sent = Notice.notice_id.in_(some), Notice.subject.is_not(None), *shown_now()
        for row in session.execute(select(*columns).where(*sent)):
            key = (row.client_id, orjson.dumps(row.title), orjson.dumps(row.body), row.kind, row.importance)
            alike.setdefault(key, []).append(row.notice_id)
            titles[key] = {"title": row.title, "important": row.kind == "emergency" or row.importance == "high"}
    return {notice_id: titles[key] for key, ids in alike.items() if len(ids) >= MANY for notice_id in ids}
