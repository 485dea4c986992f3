"""Whether logins count, for many at once: open pages come back by the thousand, and ask with one statement."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from ..foundation import clock
from ..foundation.settings import Settings
from .model import LoginSession
from .sessions import TOUCH_EVERY, live_logins


@dataclass(frozen=True, slots=True)
class LiveLogin:
    """A login that counts now."""

    resident_id: str
    session_id: str
    seen_at: datetime

    @property
    def unseen(self) -> bool:
        """Whether it is time to write down that it is in use."""
        return clock.now() - self.seen_at > TOUCH_EVERY


def live_logins_by_cookie(session: Session, settings: Settings, digests: Collection[str]) -> dict[str, LiveLogin]:
    """Those behind these cookies, by the stored form of the cookie's value (`digest`); whoever is missing has no login."""
    columns = (LoginSession.token_digest, LoginSession.resident_id, LoginSession.session_id, LoginSession.seen_at)
    found = session.execute(
        live_logins(settings).with_only_columns(*columns).where(LoginSession.token_digest.in_(digests))
    )
    return {row.token_digest: LiveLogin(row.resident_id, row.session_id, row.seen_at) for row in found}


def still_live(session: Session, settings: Settings, session_ids: Collection[str]) -> set[str]:
    """Those of these logins that count now."""
    wanted = live_logins(settings).with_only_columns(LoginSession.session_id)
    return set(session.scalars(wanted.where(LoginSession.session_id.in_(session_ids))))


def seen_now(session: Session, session_ids: Collection[str]) -> None:
    """These logins are in use."""
    session.execute(update(LoginSession).where(LoginSession.session_id.in_(session_ids)).values(seen_at=clock.now()))
