"""Initial access tokens that are over: the desk shows them a month longer."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from ...foundation import clock
from ...foundation.housekeeping import cleans_up
from .model import InitialAccessToken

KEEP = timedelta(days=30)


@cleans_up
def forget_initial_access_tokens(session: Session) -> None:
    session.execute(delete(InitialAccessToken).where(InitialAccessToken.expires_at < clock.now() - KEEP))
