"""Apply what a department says about a case."""

from __future__ import annotations

from typing import Any

from idp.front.storage import new_id

from ..columns import Row
from ..families import EventRefusedError, Status, UnitOfWork, order_of
from ..text import searchable
from .change import CaseChange
from .schema import CaseStatus, CaseStatusData
from .store import CASES, HISTORY, SHOWN_ON

_SHOWN_ELSEWHERE = {"resident", "phase", "label", "reason"}


def apply_status(unit: UnitOfWork, event: CaseStatus, resident_id: str | None) -> tuple[Status, bool]:
    """One event. `resident_id` is who it says it is about, None if it does not say.

    Returns the status, and whether a sequence number was skipped. Raises `EventRefusedError` without having changed anything.
    """
    case = unit.rows(CASES).get(event.subject)
    if case is None:
        case = _first(unit, event, resident_id)
        before = None
        gap = False
    else:
        stale, gap = order_of(case, event, resident_id)
        if stale:
            _late(unit, case, event)
            return "stale", False
        if case["phase"] == "completed" and event.data.phase != "completed" and not event.data.reopened:
            raise EventRefusedError(422, "reopen_required", "A completed case is left only with reopened: true.")
        before = dict(case)
    case.update(_state(unit, event, case))
    case["has_gap"] = case["has_gap"] or gap
    unit.rows(CASES).put(case)
    _remember(unit, case, event, "accepted", gap)
    unit.postings.add(case["resident_id"], (*SHOWN_ON, f"case:{case['case_id']}"))
    unit.changed("case", CaseChange(case, before, event.data.notify))
    return "accepted", gap


def require_first_facts(event: CaseStatus, resident_id: str | None = "somebody") -> None:
    """Raises `EventRefusedError` if the first event of a case does not say whose (it may not be known yet), what and since when."""
    data = event.data
    wanted = {"resident": resident_id, "procedure": data.procedure, "received_at": data.received_at}
    if missing := [name for name, value in wanted.items() if value is None]:
        raise EventRefusedError(
            422, "first_event_incomplete", "The first event of a case must carry these members.", missing=missing
        )


def _first(unit: UnitOfWork, event: CaseStatus, resident_id: str | None) -> Row:
    require_first_facts(event, resident_id)
    return {
        "case_id": new_id(),
        "client_id": unit.client_id,
        "subject": event.subject,
        "resident_id": resident_id,
        "has_gap": False,
        "channel": None,
        "receipt_number": None,
        "contact": None,
        "expected_by": None,
    }


def _state(unit: UnitOfWork, event: CaseStatus, case: Row) -> Row:
    """The columns that this event decides."""
    data = event.data
    state: Row = {
        "sequence": event.sequence,
        "phase": data.phase,
        "outcome": data.outcome,
        "waiting_on": data.waiting_on,
        "label": data.label,
        "reason": data.reason,
        "act_by": data.act_by,
        "steps": _json(data, "steps"),
        "actions": _json(data, "actions"),
        "documents": _json(data, "documents"),
        "updated_at": min(event.time, unit.now),
        "last_heard_at": unit.now,
    }
    if data.procedure is not None:
        state |= {"procedure_code": data.procedure.code, "procedure_title": data.procedure.title}
    for name in ("receipt_number", "received_at", "channel"):
        if getattr(data, name) is not None:
            state[name] = getattr(data, name)
    if "expected_by" in data.model_fields_set:
        state["expected_by"] = data.expected_by
    if "contact" in data.model_fields_set:
        state["contact"] = _json(data, "contact")
    shown = {**case, **state}
    state["words"] = searchable([shown["procedure_title"], shown["receipt_number"], event.subject, data.label])
    return state


def _json(data: CaseStatusData, name: str) -> Any:
    value = getattr(data, name)
    if isinstance(value, list):
        return [item.model_dump(mode="json", exclude_none=True) for item in value]
    return value and value.model_dump(mode="json", exclude_none=True)


def _late(unit: UnitOfWork, case: Row, event: CaseStatus) -> None:
    """An older event: it belongs to the history and changes nothing."""
    case["last_heard_at"] = unit.now
    unit.rows(CASES).put(case)
    _remember(unit, case, event, "stale", False)
    unit.postings.add(case["resident_id"], (f"case:{case['case_id']}",))


def _remember(unit: UnitOfWork, case: Row, event: CaseStatus, status: Status, gap: bool) -> None:
    data = event.data
    unit.rows(HISTORY).append(
        {
            "history_id": new_id(),
            "case_id": case["case_id"],
            "event_id": event.id,
            "sequence": event.sequence,
            "status": status,
            "gap": gap,
            "phase": data.phase,
            "label": data.label,
            "reason": data.reason,
            "facts": data.model_dump(mode="json", exclude_unset=True, exclude=_SHOWN_ELSEWHERE),
            "occurred_at": event.time,
            "recorded_at": unit.now,
        }
    )
