"""Looking at one case."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..departments import department_names
from .model import Case, CaseEvent
from .rows import Action, CaseDetail, Contact, Document, HistoryEntry, Step

LONGEST_HISTORY = 200


def get_case(session: Session, resident_id: str, case_id: str) -> CaseDetail | None:
    """The case with its history (the newest 200 entries, oldest first); None if this resident has none with this id."""
    case = session.scalars(select(Case).where(Case.case_id == case_id, Case.resident_id == resident_id)).first()
    if case is None:
        return None
    events = session.scalars(
        select(CaseEvent)
        .where(CaseEvent.case_id == case_id)
        .order_by(CaseEvent.sequence.desc(), CaseEvent.recorded_at.desc())
        .limit(LONGEST_HISTORY)
    ).all()
    return CaseDetail(
        case_id=case.case_id,
        client_id=case.client_id,
        department=department_names(session, [case.client_id])[case.client_id],
        procedure_title=case.procedure_title,
        receipt_number=case.receipt_number,
        phase=case.phase,
        label=case.label or {},
        channel=case.channel,
        waiting_on=case.waiting_on,
        updated_at=case.updated_at,
        received_at=case.received_at,
        expected_by=case.expected_by,
        act_by=case.act_by,
        outcome=case.outcome,
        reason=case.reason or {},
        steps=[Step(s["code"], s["label"], s["state"], _moment(s.get("at"))) for s in case.steps or ()],
        history=[_entry(event) for event in reversed(events)],
        contact=_contact(case.contact),
        actions=[Action(a["kind"], a["label"], a.get("url"), _day(a.get("due"))) for a in case.actions or ()],
        documents=[Document(**document) for document in case.documents or ()],
        last_heard_at=case.last_heard_at,
        subject=case.subject,
    )


def _entry(event: CaseEvent) -> HistoryEntry:
    return HistoryEntry(
        event.occurred_at, event.phase, event.label or {}, event.reason or {}, late=event.status == "stale"
    )


def _contact(contact: Any) -> Contact | None:
    return Contact(contact["department"], contact.get("phone"), contact.get("hours") or {}) if contact else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
