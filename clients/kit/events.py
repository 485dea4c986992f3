"""What a department says about a case, a notice or a task: the `data` of each CloudEvent (CloudEvents 1.0, JSON).

Texts are objects by language; `ja` is required. Dates are `date`, moments are aware `datetime`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Literal

Text = dict[str, str]
Phase = Literal[
    "draft",
    "sent",
    "received",
    "in_review",
    "action_required",
    "on_hold",
    "decided",
    "completed",
    "withdrawn",
    "expired",
]
Outcome = Literal["approved", "partly", "rejected", "dismissed", "withdrawn"]
WaitingOn = Literal["resident", "department", "third_party", "nobody"]
Channel = Literal["online", "counter", "post", "phone", "remote"]

CASE_STATUS = "jp.machi.case.status.v1"
TASK_OPENED = "jp.machi.task.opened.v1"
TASK_CLOSED = "jp.machi.task.closed.v1"
NOTICE_PUBLISHED = "jp.machi.notice.published.v1"
NOTICE_WITHDRAWN = "jp.machi.notice.withdrawn.v1"


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom an event is about; make one with the functions below."""

    format: Literal["iss_sub", "local_number", "opaque"]
    value: str
    issuer: str = ""

    def to_data(self) -> dict[str, str]:
        """The `resident` object (formats after RFC 9493)."""
        if self.format == "iss_sub":
            return {"format": "iss_sub", "iss": self.issuer, "sub": self.value}
        return {"format": self.format, "number" if self.format == "local_number" else "id": self.value}


def by_sub(issuer: str, sub: str) -> Subject:
    """A resident who signed in to this app: the app's own pairwise `sub`."""
    return Subject("iss_sub", sub, issuer)


def by_local_number(number: str) -> Subject:
    """A resident by 宛名番号 (digits, capital letters), for apps that may. Never the 12-digit Individual Number."""
    if not re.fullmatch("[0-9A-Z]{1,20}", number) or re.fullmatch("[0-9]{12}", number):
        raise ValueError("a local number is 1 to 20 digits or capital letters, and never twelve digits")
    return Subject("local_number", number)


def by_handle(handle: str) -> Subject:
    """A paper applicant without an account: held by my page until the resident claims it."""
    return Subject("opaque", handle)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way; `at` is when it was done."""

    code: str
    label: Text
    state: Literal["done", "current", "upcoming"]
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to ask."""

    department: Text
    phone: str | None = None
    hours: Text | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """What the resident can do, and where."""

    kind: Literal["form", "upload", "pay", "book", "reply", "visit"]
    label: Text
    url: str | None = None
    due: date | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A document the resident may fetch."""

    id: str
    title: Text
    media_type: str
    bytes: int
    url: str


@dataclass(frozen=True, slots=True)
class Procedure:
    """The kind of application; `code` is the department's own."""

    code: str
    title: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStatus:
    """The whole state of a case (events carry the state, not a difference).

    The first event of a case needs `procedure` and `received_at`; `reason` is needed for `action_required` and for the
    outcome `rejected`. Leaving `completed` needs `reopened`.
    """

    resident: Subject
    phase: Phase
    procedure: Procedure | None = None
    receipt_number: str | None = None
    label: Text | None = None
    waiting_on: WaitingOn | None = None
    reason: Text | None = None
    outcome: Outcome | None = None
    received_at: datetime | None = None
    expected_by: date | None = None
    act_by: date | None = None
    steps: tuple[Step, ...] = ()
    contact: Contact | None = None
    actions: tuple[Action, ...] = ()
    documents: tuple[Document, ...] = ()
    channel: Channel | None = None
    notify: Literal["auto", "silent", "urgent"] = "auto"
    reopened: bool = False

    def __post_init__(self) -> None:
        if (self.phase == "action_required" or self.outcome == "rejected") and not (self.reason or {}).get("ja"):
            raise ValueError("reason (ja) is required")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notice to one resident. `discreet_text` is what a lock screen may show."""

    resident: Subject
    title: Text
    body: Text
    kind: Literal["information", "request", "payment", "invitation", "decision", "emergency"] = "information"
    importance: Literal["low", "normal", "high"] = "normal"
    publish_at: datetime | None = None
    act_by: date | None = None
    requires_ack: bool = False
    related_case: str | None = None
    discreet_text: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something the resident is asked to do."""

    resident: Subject
    title: Text
    action: Action
    body: Text | None = None
    related_case: str | None = None
    due: date | None = None


def to_data(value: Any) -> Any:
    """JSON values of a dataclass above; what is not set is left out."""
    if isinstance(value, Subject):
        return value.to_data()
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [to_data(item) for item in value]
    if isinstance(value, dict):
        if not str(value.get("ja", "")).strip():
            raise ValueError("a text needs Japanese")
        return {language: text for language, text in value.items() if text}
    if hasattr(value, "__dataclass_fields__"):
        pairs = ((field.name, getattr(value, field.name)) for field in fields(value))
        return {name: to_data(item) for name, item in pairs if item not in (None, (), False)}
    return value
