"""Telling my page the state of a case."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from clients import kit
from clients.kit import Action, CaseStatus, Step, Subject, Text, Transaction, by_local_number

from .cases import Case, Change, find_case, history
from .office import Office
from .phases import STEPS, label, waiting_on


def tell(
    office: Office,
    tx: Transaction,
    number: str,
    *,
    at: datetime,
    notify: Literal["auto", "silent"] = "auto",
    reopened: bool = False,
) -> str:
    """Report the case as it stands inside `tx`; returns the event's id."""
    case = find_case(tx, number)
    if case is None:
        raise KeyError(number)
    procedure = office.department.procedure(case.procedure)
    if procedure is None:
        raise KeyError(case.procedure)
    status = CaseStatus(
        resident=subject_of(office, case),
        procedure=kit.Procedure(procedure.code, procedure.title),
        receipt_number=case.number,
        phase=case.phase,
        label=label(procedure.labels, case.phase, case.outcome),
        waiting_on=waiting_on(case.phase, case.outcome),
        reason=reason_of(case),
        outcome=case.outcome,
        received_at=case.received_at,
        expected_by=case.expected_by,
        act_by=case.act_by,
        steps=steps_of(case, history(tx, number)),
        contact=office.department.contact,
        actions=actions_of(office, case),
        channel=case.channel,
        notify=notify,
        reopened=reopened,
    )
    return office.reporter.report_case(number, status, at=at, tx=tx)


def subject_of(office: Office, case: Case) -> Subject:
    """A paper case stays with its local number for life, also after the resident opened it here."""
    if case.local_number:
        return by_local_number(case.local_number)
    if case.sub is None:
        raise ValueError("a case without a resident")
    return office.reporter.resident(case.sub)


def reason_of(case: Case) -> Text | None:
    """The reason in the languages it was given in."""
    if not case.reason_ja:
        return None
    return {"ja": case.reason_ja, **({"en": case.reason_en} if case.reason_en else {})}


def steps_of(case: Case, changes: list[Change]) -> tuple[Step, ...]:
    """The way of the case: a step is done once a later one was reached, and dated by when it was first entered."""
    entered: dict[str, datetime] = {}
    for change in changes:
        code = next((code for code, _, phases in STEPS if change.phase in phases), None)
        if code and code not in entered:
            entered[code] = change.at
    codes = [code for code, _, _ in STEPS]
    here = next((code for code, _, phases in STEPS if case.phase in phases), None)
    ended = here is None or case.phase == "completed"
    reached = codes.index(here) if here else max((codes.index(code) for code in entered), default=0)
    steps = []
    for place, (code, text, _) in enumerate(STEPS):
        if place > reached and here is None:
            break  # a withdrawn or expired case has nothing more to come
        state: Literal["done", "current", "upcoming"] = "upcoming"
        if place < reached or (ended and place == reached):
            state = "done"
        elif place == reached:
            state = "current"
        steps.append(Step(code, text, state, entered.get(code) if state != "upcoming" else None))
    return tuple(steps)


def actions_of(office: Office, case: Case) -> tuple[Action, ...]:
    """What the resident can do now."""
    if case.phase != "action_required":
        return ()
    url = f"{office.base_url}/applications/{case.number}"
    return (Action("reply", {"ja": "内容を確認して回答する", "en": "Read and answer"}, url, case.act_by),)
