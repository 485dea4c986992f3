"""Devices that are signed in, as the resident sees them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..foundation import clock
from ..foundation.context import parts
from .levels import load_factors
from .model import LoginSession
from .sessions import end_sessions

_BROWSERS = (
    ("Edg/", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"), ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Macintosh", "Mac"), ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)  # fmt: skip


@dataclass(frozen=True)
class Device:
    """One login. `method` is the factor first used: passkey, card or code."""

    session_id: str
    label: str
    signed_in_at: datetime
    last_seen_at: datetime
    method: str


def device_label(user_agent: str) -> str:
    """Browser and system in words people know, from our own short list; never the raw header."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return " · ".join(part for part in (browser, system) if part) or "—"


def devices(session: Session, resident_id: str) -> list[Device]:
    """Live logins, the most recently used first."""
    now = clock.now()
    idle = timedelta(seconds=parts().settings.session_idle_seconds)
    rows = session.scalars(
        select(LoginSession)
        .where(
            LoginSession.resident_id == resident_id,
            LoginSession.ended_at.is_(None),
            LoginSession.expires_at > now,
            LoginSession.seen_at > now - idle,
        )
        .order_by(LoginSession.seen_at.desc())
    )
    return [
        Device(r.session_id, r.device, r.created_at, r.seen_at, next((f.kind for f in load_factors(r.factors)), ""))
        for r in rows
    ]


def end_device(session: Session, resident_id: str, session_id: str) -> bool:
    """End one login of this resident; False if it is not theirs or over already."""
    owner = session.scalar(select(LoginSession.resident_id).where(LoginSession.session_id == session_id))
    return owner == resident_id and bool(end_sessions(session, [session_id], by="resident"))


def end_other_devices(session: Session, resident_id: str, keep_session_id: str) -> int:
    """End every login but this one; returns how many."""
    ids = [d.session_id for d in devices(session, resident_id) if d.session_id != keep_session_id]
    return len(end_sessions(session, ids, by="resident")) if ids else 0
