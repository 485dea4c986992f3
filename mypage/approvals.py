"""Pages show what departments ask of their resident (CIBA): asked and answered is in the record, and the record tells us."""

from __future__ import annotations

from sqlalchemy.orm import Session

from idp.front.record import AuditEventType, Recorded, on_record
from idp.front.storage import wake_worker_after_commit

from .posted import Posted, post

_ASKED_OR_ANSWERED = {AuditEventType.APPROVAL_ASKED, AuditEventType.APPROVAL_GIVEN, AuditEventType.APPROVAL_REFUSED}


def install_approvals() -> None:
    on_record(post_approvals)


def post_approvals(session: Session, happened: Recorded) -> None:
    """Listener of the record: in the transaction of what happened."""
    if happened.event in _ASKED_OR_ANSWERED and happened.resident_id is not None:
        post(session, [Posted(happened.resident_id, ("approvals",))])
        wake_worker_after_commit(session)
