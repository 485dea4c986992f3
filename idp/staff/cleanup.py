"""What is forgotten of staff: logins and links that are over. The record keeps who signed in and who was invited."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, or_
from sqlalchemy.orm import Session

from ..foundation import clock
from ..foundation.housekeeping import cleans_up
from .model import StaffInvitation, StaffSession

KEEP = timedelta(days=30)


@cleans_up
def forget_staff(session: Session) -> None:
    """Delete rows that have had no effect for a month."""
    before = clock.now() - KEEP
    over = or_(StaffSession.expires_at < before, StaffSession.ended_at < before)
    session.execute(delete(StaffSession).where(over))
    session.execute(delete(StaffInvitation).where(StaffInvitation.expires_at < before))
