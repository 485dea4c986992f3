"""What my page itself tells a resident about their case, so that a department need not send a second event."""

from __future__ import annotations

from idp.front.storage import new_id

from ..cases.phases import waits_for_resident
from ..columns import Row
from ..families.unit_of_work import UnitOfWork
from ..text import searchable

_SAME = ("phase", "outcome", "reason", "act_by", "label")


def tell_about_case(unit: UnitOfWork, case: Row, before: Row | None, notify: str) -> None:
    """A notice when it has become the resident's turn or a result is there, and anew when what it says has changed."""
    if notify == "silent" or (before is not None and all(before[name] == case[name] for name in _SAME)):
        return
    if waits_for_resident(case["phase"], case["waiting_on"]):
        template, kind = "action_required", "request"
    elif case["phase"] == "decided":
        template, kind = "decided", "decision"
    else:
        return
    notice: Row = {
        "notice_id": new_id(),
        "client_id": unit.client_id,
        "subject": None,
        "resident_id": case["resident_id"],
        "sequence": case["sequence"],
        "kind": kind,
        "importance": "high" if notify == "urgent" else "normal",
        "title": None,
        "body": None,
        "discreet_text": None,
        "template": template,
        "params": {name: case[name] for name in ("reason", "outcome", "label") if case[name]}
        | {"procedure": case["procedure_title"]},
        "related_case": case["subject"],
        "requires_ack": False,
        "act_by": case["act_by"],
        "words": searchable([case["procedure_title"], case["reason"], case["label"]]),
        "published_at": unit.now,
        "expires_at": None,
        "withdrawn_at": None,
        "opened_at": None,
        "acknowledged_at": None,
        "recorded_at": unit.now,
    }
    unit.notices.append(notice)
    unit.told(case["resident_id"], "home", "notices", "badges")
