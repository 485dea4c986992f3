"""Cases as pages see them. Texts by language are `{"ja": …, "en": …}` as the department wrote them; empty when it did not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from ..text import Localised


@dataclass(frozen=True)
class CaseRow:
    """One line of a list. `updated_at` is the department's word, `client_id` the department's system."""

    case_id: str
    client_id: str
    department: Localised
    procedure_title: Localised
    receipt_number: str | None
    phase: str
    label: Localised
    channel: str | None
    waiting_on: str | None
    updated_at: datetime
    received_at: datetime
    expected_by: date | None
    act_by: date | None
    outcome: str | None


@dataclass(frozen=True)
class Facet:
    """A department and how many cases of the list's other filters it has."""

    name: Localised
    count: int


@dataclass(frozen=True)
class CaseList:
    """A page of cases. `total`: all that fit the filters; `departments` and `phases`: how many there are to filter by."""

    rows: list[CaseRow]
    total: int
    departments: dict[str, Facet]
    phases: dict[str, int]


@dataclass(frozen=True)
class StepView:
    code: str
    label: Localised
    state: str
    at: datetime | None


@dataclass(frozen=True)
class HistoryEntry:
    """What was said, when. `late`: an older word that came in after a newer one and changed nothing."""

    at: datetime
    phase: str
    label: Localised
    reason: Localised
    late: bool


@dataclass(frozen=True)
class ContactView:
    department: Localised
    phone: str | None
    hours: Localised


@dataclass(frozen=True)
class ActionView:
    kind: str
    label: Localised
    url: str | None
    due: date | None


@dataclass(frozen=True)
class DocumentView:
    id: str
    title: Localised
    media_type: str
    bytes: int
    url: str | None


@dataclass(frozen=True)
class CaseDetail(CaseRow):
    """Everything about one case; history oldest first."""

    reason: Localised
    steps: list[StepView]
    history: list[HistoryEntry]
    contact: ContactView | None
    actions: list[ActionView]
    documents: list[DocumentView]
    last_heard_at: datetime
    subject: str
