"""Grants that ended long ago. Refresh tokens go with their grant: until then a spent one is recognised."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from ...foundation import clock
from ...foundation.housekeeping import cleans_up
from .model import Grant

# Ended grants are kept a while, because "last used" and a reuse alarm refer to them.
KEEP_GRANTS = timedelta(days=30)


@cleans_up
def forget_grants(session: Session) -> None:
    """Delete grants that expired a month ago."""
    session.execute(delete(Grant).where(Grant.expires_at < clock.now() - KEEP_GRANTS))
