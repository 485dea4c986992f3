"""Proofs and assertions that are over need not be remembered."""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.orm import Session

from ...foundation import clock
from ...foundation.housekeeping import cleans_up
from .model import UsedAssertion, UsedProof


@cleans_up
def forget_used(session: Session) -> None:
    now = clock.now()
    session.execute(delete(UsedAssertion).where(UsedAssertion.expires_at < now))
    session.execute(delete(UsedProof).where(UsedProof.expires_at < now))
