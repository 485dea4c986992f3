"""A resident opens or acknowledges a notice. Both may be called again and change nothing then."""

from __future__ import annotations

from sqlalchemy import func, literal, update
from sqlalchemy.orm import Session

from idp.front.storage import Instant, clock

from ..posted import Posted, post
from .model import Notice
from .store import SHOWN_ON
from .visible import visible


def mark_opened(session: Session, resident_id: str, notice_id: str) -> bool:
    """Say whether this was the first time. Call `parts().worker.wake()` after the commit."""
    changed = session.execute(
        update(Notice)
        .where(Notice.notice_id == notice_id, *visible(resident_id), Notice.opened_at.is_(None))
        .values(opened_at=clock.now())
        .returning(Notice.notice_id)
        .execution_options(synchronize_session=False)
    )
    return _told(session, resident_id, changed.first() is not None)


def acknowledge(session: Session, resident_id: str, notice_id: str) -> bool:
    """Acknowledge a notice that asks for it (it is opened by that, too); says whether this was the first time."""
    now = clock.now()
    changed = session.execute(
        update(Notice)
        .where(
            Notice.notice_id == notice_id,
            *visible(resident_id),
            Notice.requires_ack,
            Notice.acknowledged_at.is_(None),
        )
        .values(acknowledged_at=now, opened_at=func.coalesce(Notice.opened_at, literal(now, Instant())))
        .returning(Notice.notice_id)
        .execution_options(synchronize_session=False)
    )
    return _told(session, resident_id, changed.first() is not None)


def mark_disowned(session: Session, resident_id: str, notice_id: str) -> bool:
    """The resident says "this was not me"; says whether this was the first time."""
    changed = session.execute(
        update(Notice)
        .where(Notice.notice_id == notice_id, *visible(resident_id), Notice.disowned_at.is_(None))
        .values(disowned_at=clock.now())
        .returning(Notice.notice_id)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None


def _told(session: Session, resident_id: str, changed: bool) -> bool:
    if changed:
        post(session, [Posted(resident_id, SHOWN_ON)])
    return changed
