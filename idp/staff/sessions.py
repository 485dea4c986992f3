"""Logins of staff: short, strict, and ended by their row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flask import g
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ..audit import AuditEventType, record
from ..foundation import clock
from ..foundation.context import parts
from ..foundation.ids import is_secret, new_id, new_secret
from ..foundation.vault import digest
from ..foundation.web.cookies import get_cookie
from .model import Staff, StaffRole, StaffSession
from .roles import Appointment, Duty, Role

COOKIE = "machi_staff"
IDLE = timedelta(minutes=15)
ABSOLUTE = timedelta(hours=8)
TOUCH_EVERY = timedelta(seconds=30)


@dataclass(frozen=True)
class StaffLogin:
    """Which member of staff is signed in on this request's browser, with which roles."""

    staff_id: str
    session_id: str
    name: str
    appointments: frozenset[Appointment]

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset(a.role for a in self.appointments)

    def may(self, *duties: Duty) -> bool:
        """Whether one of these is theirs, in the city or in some department: what opens a page."""
        return any(a.duties.intersection(duties) for a in self.appointments)

    def may_in(self, duty: Duty, department: str) -> bool:
        """Whether it is theirs in this department: what opens a department's row."""
        return any(duty in a.duties and a.covers(department) for a in self.appointments)


def start(session: Session, member: Staff) -> str:
    """Begin a login and return the cookie's value; one that this browser had is ended."""
    now = clock.now()
    if (before := get_cookie(COOKIE)) is not None:
        _end(session, StaffSession.token_digest == digest(before))
    token = new_secret()
    session.add(
        StaffSession(
            session_id=new_id(),
            token_digest=digest(token),
            staff_id=member.staff_id,
            created_at=now,
            seen_at=now,
            expires_at=now + ABSOLUTE,
        )
    )
    record(session, AuditEventType.STAFF_SIGNED_IN, staff=member.staff_id)
    return token


def end(session: Session, session_id: str) -> None:
    """Sign out."""
    _end(session, StaffSession.session_id == session_id)


def _end(session: Session, condition: object) -> None:
    session.execute(
        update(StaffSession)
        .where(condition, StaffSession.ended_at.is_(None))  # type: ignore[arg-type]
        .values(ended_at=clock.now())
    )


def current_staff_or_none() -> StaffLogin | None:
    """The login of this request's browser, looked up once per request."""
    if not hasattr(g, "staff_login"):
        g.staff_login = _find()
    found: StaffLogin | None = g.staff_login
    return found


def current_staff() -> StaffLogin:
    """The login, in views of `Caller.STAFF`."""
    login = current_staff_or_none()
    if login is None:
        raise RuntimeError("current_staff() outside a route called by staff")
    return login


def _find() -> StaffLogin | None:
    token = get_cookie(COOKIE)
    if token is None or not is_secret(token):
        return None
    now = clock.now()
    with parts().database.read() as session:
        rows = session.execute(
            select(
                StaffSession.session_id,
                StaffSession.seen_at,
                Staff.staff_id,
                Staff.name,
                StaffRole.role,
                StaffRole.department,
            )
            .join(Staff, Staff.staff_id == StaffSession.staff_id)
            .outerjoin(StaffRole, StaffRole.staff_id == Staff.staff_id)
            .where(
                StaffSession.token_digest == digest(token),
                StaffSession.ended_at.is_(None),
                StaffSession.expires_at > now,
                StaffSession.seen_at > now - IDLE,
                Staff.ended_at.is_(None),
            )
        ).all()
    if not rows:
        return None
    found = rows[0]
    if now - found.seen_at > TOUCH_EVERY:
        with parts().database.write() as session:
            session.execute(update(StaffSession).where(StaffSession.session_id == found.session_id).values(seen_at=now))
    appointments = frozenset(Appointment(Role(r.role), r.department or None) for r in rows if r.role is not None)
    return StaffLogin(found.staff_id, found.session_id, found.name, appointments)
