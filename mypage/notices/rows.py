"""Notices as pages see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from idp.front.credentials import CredentialInfo

from ..text import Localised


@dataclass(frozen=True)
class NoticeRow:
    """One line of a list. `client_id` None: the city itself speaks. `derived`: told by my page itself."""

    notice_id: str
    client_id: str | None
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
    """The whole notice. `about`: the template of one about the security of the ID, with the app or the credential it names."""

    body: Localised
    about: str | None = None
    about_client: str | None = None
    about_credential: CredentialInfo | None = None
    disowned_at: datetime | None = None


@dataclass(frozen=True)
class NoticeList:
    """A page of notices. `total` and `unread`: of all that fit the filters."""

    rows: list[NoticeRow]
    total: int
    unread: int
