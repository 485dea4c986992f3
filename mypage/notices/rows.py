"""Notices as pages see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from ..text import Localised


@dataclass(frozen=True)
class NoticeRow:
    """One line of a list. `derived`: told by my page itself about a case."""

    notice_id: str
    client_id: str
    department: Localised
    kind: str
    importance: str
    title: Localised
    published_at: datetime
    act_by: date | None
    expires_at: datetime | None
    opened_at: datetime | None
    acknowledged_at: datetime | None
    requires_ack: bool
    related_case_id: str | None
    derived: bool


@dataclass(frozen=True)
class NoticeDetail(NoticeRow):
    body: Localised


@dataclass(frozen=True)
class NoticeList:
    """A page of notices. `total` and `unread`: of all that fit the filters."""

    rows: list[NoticeRow]
    total: int
    unread: int
