"""Looking at one case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import stored_json
from ..departments import department_names
from .model import Case, CaseEvent
from .rows import ActionView, CaseDetail, ContactView, DocumentView, HistoryEntry, StepView

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
        procedure_title=case.procedure_title or {},
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
        steps=[_step(step) for step in case.steps or ()],
        history=[_entry(event) for event in reversed(events)],
        contact=_contact(case.contact),
        actions=[_action(action) for action in case.actions or ()],
        documents=[_document(document) for document in case.documents or ()],
        last_heard_at=case.last_heard_at,
        subject=case.subject,
    )


def _entry(event: CaseEvent) -> HistoryEntry:
    return HistoryEntry(
        event.occurred_at, event.phase, event.label or {}, event.reason or {}, late=event.status == "stale"
    )


def _step(step: Mapping[str, Any]) -> StepView:
    state = step.get("state")
    return StepView(
        stored_json.text(step.get("code")) or "",
        stored_json.texts(step.get("label")),
        state if state in ("done", "current") else "upcoming",
        stored_json.moment(step.get("at")),
    )


def _contact(contact: Mapping[str, Any] | None) -> ContactView | None:
    if contact is None:
        return None
    return ContactView(
        stored_json.texts(contact.get("department")),
        stored_json.text(contact.get("phone")),
        stored_json.texts(contact.get("hours")),
    )


def _action(action: Mapping[str, Any]) -> ActionView:
    return ActionView(
        stored_json.text(action.get("kind")) or "",
        stored_json.texts(action.get("label")),
        stored_json.text(action.get("url")),
        stored_json.day(action.get("due")),
    )


def _document(document: Mapping[str, Any]) -> DocumentView:
    return DocumentView(
        stored_json.text(document.get("id")) or "",
        stored_json.texts(document.get("title")),
        stored_json.text(document.get("media_type")) or "",
        stored_json.number(document.get("bytes")),
        stored_json.text(document.get("url")),
    )
