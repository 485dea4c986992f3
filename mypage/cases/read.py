"""Looking at a resident's cases: two or three statements a list, whatever its length."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, load_only

from idp.front.storage import clock

from ..departments import department_names
from ..text import Localised, like_pattern
from .detail import get_case
from .model import Case
from .phases import FINISHED, waits_for_department
from .rows import CaseDetail, CaseList, CaseRow, Facet

__all__ = ["CaseDetail", "CaseList", "CaseRow", "get_case", "list_cases", "recent", "silent_departments"]

SHOWN_ON_HOME = 5

_LISTED = (
    Case.case_id,
    Case.client_id,
    Case.procedure_title,
    Case.receipt_number,
    Case.phase,
    Case.label,
    Case.channel,
    Case.waiting_on,
    Case.updated_at,
    Case.received_at,
    Case.expected_by,
    Case.act_by,
    Case.outcome,
)


def list_cases(
    session: Session,
    resident_id: str,
    *,
    phase: str | None = None,
    department: str | None = None,
    archived: bool | None = False,
    query: str = "",
    limit: int = 50,
    offset: int = 0,
) -> CaseList:
    """Cases, the last changed first. `archived`: False what is still going on, True what is finished, None both.

    A `phase` asked for is shown whether finished or not. `department` is a client id.
    """
    scope: list[ColumnElement[bool]] = [Case.resident_id == resident_id]
    if archived is not None and phase is None:
        scope.append(Case.phase.in_(FINISHED) if archived else Case.phase.not_in(FINISHED))
    if query.strip():
        scope.append(Case.words.like(like_pattern(query), escape="\\"))
    counts = session.execute(
        select(Case.client_id, Case.phase, func.count()).where(*scope).group_by(Case.client_id, Case.phase)
    ).all()
    wanted = list(scope)
    if phase is not None:
        wanted.append(Case.phase == phase)
    if department is not None:
        wanted.append(Case.client_id == department)
    cases = session.scalars(
        select(Case)
        .options(load_only(*_LISTED, raiseload=True))
        .where(*wanted)
        .order_by(Case.updated_at.desc(), Case.case_id)
        .limit(max(1, min(limit, 200)))
        .offset(max(0, offset))
    ).all()
    names = department_names(session, (client_id for client_id, _, _ in counts))
    by_department: Counter[str] = Counter()
    by_phase: Counter[str] = Counter()
    total = 0
    for client_id, found, count in counts:
        by_department[client_id] += count
        by_phase[found] += count
        total += count if phase in (None, found) and department in (None, client_id) else 0
    facets = {client_id: Facet(names[client_id], count) for client_id, count in by_department.most_common()}
    return CaseList([_row(case, names) for case in cases], total, facets, dict(by_phase))


def recent(session: Session, resident_id: str, limit: int = 5) -> list[CaseRow]:
    """The cases changed last, finished ones too."""
    cases = session.scalars(
        select(Case)
        .options(load_only(*_LISTED, raiseload=True))
        .where(Case.resident_id == resident_id)
        .order_by(Case.updated_at.desc(), Case.case_id)
        .limit(limit)
    ).all()
    return _rows(session, cases)


def silent_departments(
    session: Session, resident_id: str, older_than: timedelta = timedelta(days=14)
) -> list[tuple[Localised, datetime]]:
    """Departments that hold the turn in a case and have not been heard from for `older_than`, with when they last were."""
    found = session.execute(
        select(Case.client_id, Case.phase, Case.waiting_on, func.max(Case.last_heard_at))
        .where(Case.resident_id == resident_id, Case.phase.not_in(FINISHED))
        .group_by(Case.client_id, Case.phase, Case.waiting_on)
    ).all()
    heard: dict[str, datetime] = {}
    turn: set[str] = set()
    for client_id, phase, waiting_on, at in found:
        heard[client_id] = max(at, heard.get(client_id, at))
        if waits_for_department(phase, waiting_on):
            turn.add(client_id)
    silent = [(client_id, at) for client_id, at in heard.items() if client_id in turn and at < clock.now() - older_than]
    names = department_names(session, (client_id for client_id, _ in silent))
    return [(names[client_id], at) for client_id, at in sorted(silent, key=lambda pair: pair[1])]


def on_home(session: Session, resident_id: str) -> dict[str, Any]:
    """What moved last, and departments that have been silent for long."""
    return {
        "recent": recent(session, resident_id, limit=SHOWN_ON_HOME),
        "silent": silent_departments(session, resident_id),
    }


def _rows(session: Session, cases: Sequence[Case]) -> list[CaseRow]:
    names = department_names(session, (case.client_id for case in cases))
    return [_row(case, names) for case in cases]


def _row(case: Case, names: dict[str, Localised]) -> CaseRow:
    return CaseRow(
        case_id=case.case_id,
        client_id=case.client_id,
        department=names[case.client_id],
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
    )
