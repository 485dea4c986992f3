"""Moving a case on: by a clerk, or by the resident's answer or withdrawal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from clients.kit import Outcome, Phase, Transaction

from .cases import Case, find_case
from .office import Office, OperationRefusedError
from .phases import NEXT, OPEN
from .tell import tell

Notify = Literal["auto", "silent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Where a clerk moves a case. `seen` is the `updated_at` the clerk saw, so that nobody overwrites a colleague."""

    phase: Phase
    reason_ja: str = ""
    reason_en: str = ""
    act_by: date | None = None
    outcome: Outcome | None = None
    expected_by: date | None = None
    seen: str | None = None


def move_case(office: Office, number: str, move: Move, *, staff: str, notify: Notify = "auto") -> None:
    """Move a case and tell my page, in one transaction."""
    at = office.clock()
    with office.database.transaction() as tx:
        case = find_case(tx, number)
        if case is None:
            raise KeyError(number)
        check_move(case, move, at)
        decided = move.phase in {"decided", "completed"}
        write(
            tx,
            case,
            at=at,
            phase=move.phase,
            outcome=(move.outcome or case.outcome) if decided else None,
            # What was decided and why stays on the completed case.
            reason_ja=move.reason_ja or (case.reason_ja if move.phase == "completed" else ""),
            reason_en=move.reason_en or (case.reason_en if move.phase == "completed" else ""),
            act_by=move.act_by if move.phase == "action_required" else None,
            expected_by=move.expected_by or case.expected_by,
        )
        add_change(tx, number, at, "staff", staff, move.phase, move.outcome, move.reason_ja, move.reason_en)
        tell(office, tx, number, at=at, notify=notify, reopened=case.phase == "completed")


def check_move(case: Case, move: Move, at: datetime) -> None:
    """Refuse what is not allowed or not complete."""
    if move.seen and move.seen != case.updated_at.isoformat(timespec="milliseconds"):
        raise OperationRefusedError("phase", "changed")
    if move.phase not in NEXT[case.phase]:
        raise OperationRefusedError("phase", "phase")
    if move.phase == "decided" and move.outcome not in {"approved", "partly", "rejected", "dismissed"}:
        raise OperationRefusedError("outcome", "required")
    needs_reason = move.phase == "action_required" or (move.phase == "decided" and move.outcome == "rejected")
    if needs_reason and not move.reason_ja:
        raise OperationRefusedError("reason_ja", "required")
    if move.phase == "action_required" and move.act_by is None:
        raise OperationRefusedError("act_by", "required")
    if move.act_by and move.act_by < at.date():
        raise OperationRefusedError("act_by", "past_date")


def answer_case(office: Office, number: str, text: str, *, sub: str, name: str) -> None:
    """The resident's answer to `action_required`: the case goes back to review, which closes the task on my page."""
    at = office.clock()
    with office.database.transaction() as tx:
        case = own_case(tx, number, sub)
        if case.phase != "action_required":
            raise OperationRefusedError("text", "phase")
        write(tx, case, at=at, phase="in_review", outcome=None, reason_ja="", reason_en="", act_by=None)
        add_change(tx, number, at, "resident", name, "in_review", None, text, "")
        tell(office, tx, number, at=at)


def withdraw_case(office: Office, number: str, *, sub: str, name: str) -> None:
    """The resident takes an undecided application back."""
    at = office.clock()
    with office.database.transaction() as tx:
        case = own_case(tx, number, sub)
        if case.phase not in OPEN:
            raise OperationRefusedError("phase", "phase")
        write(tx, case, at=at, phase="withdrawn", outcome="withdrawn", reason_ja="", reason_en="", act_by=None)
        add_change(tx, number, at, "resident", name, "withdrawn", "withdrawn", "", "")
        tell(office, tx, number, at=at)


def own_case(tx: Transaction, number: str, sub: str) -> Case:
    """The resident's own case; `KeyError` for any other, as if it did not exist."""
    case = find_case(tx, number)
    if case is None or case.sub != sub:
        raise KeyError(number)
    return case


def write(
    tx: Transaction,
    case: Case,
    *,
    at: datetime,
    phase: Phase,
    outcome: Outcome | None,
    reason_ja: str,
    reason_en: str,
    act_by: date | None,
    expected_by: date | None = None,
) -> None:
    """Set the state of a case."""
    tx.execute(
        "UPDATE office_case SET phase = ?, outcome = ?, reason_ja = ?, reason_en = ?, act_by = ?, expected_by = ?,"
        " updated_at = ? WHERE number = ?",
        (
            phase,
            outcome,
            reason_ja,
            reason_en,
            act_by.isoformat() if act_by else None,
            (expected_by or case.expected_by).isoformat(),
            at.isoformat(timespec="milliseconds"),
            case.number,
        ),
    )


def add_change(
    tx: Transaction,
    number: str,
    at: datetime,
    actor: Literal["resident", "staff"],
    who: str,
    phase: Phase,
    outcome: Outcome | None,
    text_ja: str,
    text_en: str,
) -> None:
    """Add an entry to the history."""
    tx.execute(
        "INSERT INTO office_change (number, at, actor, who, phase, outcome, text_ja, text_en)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (number, at.isoformat(timespec="milliseconds"), actor, who, phase, outcome, text_ja, text_en),
    )
