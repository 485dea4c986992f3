"""Security events that no app has taken in time are forgotten."""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.orm import Session

from ...foundation import clock
from ...foundation.housekeeping import cleans_up
from .model import SecurityEvent


@cleans_up
def forget_events(session: Session) -> None:
    session.execute(delete(SecurityEvent).where(SecurityEvent.expires_at <= clock.now()))
