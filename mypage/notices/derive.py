"""What my page itself tells a resident about their case, so that a department need not send a second event."""

from __future__ import annotations

from ..cases import CaseChange, waits_for_resident
from ..families import UnitOfWork
from ..text import searchable
from .post import new_notice, post_notice

_SAME = ("phase", "outcome", "reason", "act_by", "label")


def tell_about_case(unit: UnitOfWork, change: CaseChange) -> None:
    """A notice when it has become the resident's turn or a result is there, and anew when what it says has changed."""
    case, before = change.case, change.before
    if change.notify == "silent" or (before is not None and all(before[name] == case[name] for name in _SAME)):
        return
    if waits_for_resident(case["phase"], case["waiting_on"]):
        template, kind = "action_required", "request"
    elif case["phase"] == "decided":
        template, kind = "decided", "decision"
    else:
        return
    notice = new_notice(
        unit,
        case["resident_id"],
        sequence=case["sequence"],
        kind=kind,
        importance="high" if change.notify == "urgent" else "normal",
        template=template,
        params={name: case[name] for name in ("reason", "outcome", "label") if case[name]}
        | {"procedure": case["procedure_title"]},
        related_case=case["subject"],
        act_by=case["act_by"],
        words=searchable([case["procedure_title"], case["reason"], case["label"]]),
    )
    post_notice(unit, notice)
