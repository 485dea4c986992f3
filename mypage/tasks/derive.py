"""A case that waits for the resident is a task of theirs, for as long as it waits."""

from __future__ import annotations

from idp.front.storage import new_id

from ..cases import CaseChange, waits_for_resident
from ..columns import Row
from ..families import UnitOfWork
from .store import OPEN_TURN_TASKS, SHOWN_ON

_RESULT = {"withdrawn": "cancelled", "expired": "expired"}


def sync_turn_task(unit: UnitOfWork, change: CaseChange) -> None:
    """Open, correct or close the "your turn" task of a case after its state changed."""
    case, turns = change.case, unit.rows(OPEN_TURN_TASKS)
    turn = turns.get(case["subject"])
    if waits_for_resident(case["phase"], case["waiting_on"]):
        turn = turn or _opened(unit, case)
        action = (case["actions"] or [None])[0]
        turn["params"] = {"procedure": case["procedure_title"]}
        turn["body"] = case["reason"]
        turn["due"] = case["act_by"]
        turn["action"] = action and {name: action[name] for name in ("kind", "label", "url") if name in action}
        turn["sequence"] = case["sequence"]
        turns.put(turn)
    elif turn is not None:
        turn["state"] = _RESULT.get(case["phase"], "done")
        turn["closed_at"] = unit.now
        turns.put(turn)
        turns.forget(case["subject"])
    else:
        return
    unit.postings.add(case["resident_id"], SHOWN_ON)


def _opened(unit: UnitOfWork, case: Row) -> Row:
    return {
        "task_id": new_id(),
        "client_id": unit.client_id,
        "subject": None,
        "resident_id": case["resident_id"],
        "state": "open",
        "title": None,
        "template": "your_turn",
        "related_case": case["subject"],
        "opened_at": unit.now,
        "closed_at": None,
    }
