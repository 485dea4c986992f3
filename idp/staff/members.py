"""Members of staff: invite, list, appoint, end."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from ..audit import AuditEventType, record
from ..foundation import clock
from ..foundation.ids import is_id, is_secret, new_id, new_secret
from ..foundation.settings import Settings
from ..foundation.vault import digest
from .model import Staff, StaffInvitation, StaffPasskey, StaffRole, StaffSession
from .roles import Appointment, Duty, Role

INVITATION = timedelta(hours=24)
WHOLE_CITY = "*"
"""In the record, where a department would stand."""


class StaffError(Exception):
    """It cannot be done; the text (an English msgid) says why."""


@dataclass(frozen=True)
class Member:
    """One member of staff, for lists. `passkeys` 0: has not followed the link yet."""

    staff_id: str
    name: str
    appointments: tuple[Appointment, ...]
    passkeys: int
    last_used_at: datetime | None
    ended_at: datetime | None

    @property
    def counts_as_administrator(self) -> bool:
        """Somebody who can let others in: appointed, not ended, and with a passkey to sign in with."""
        appoints = any(Duty.STAFF in a.duties for a in self.appointments)
        return appoints and self.ended_at is None and self.passkeys > 0


def invite(session: Session, name: str, appointments: Iterable[Appointment], by: str) -> tuple[str, str]:
    """Create a member and return `(staff_id, token)`; the token goes into the link, once."""
    name, wanted = name.strip(), sorted(set(appointments), key=str)
    if not name or len(name) > 80:
        raise StaffError("The name must have 1 to 80 characters.")
    if not wanted:
        raise StaffError("At least one role is needed.")
    row = Staff(
        staff_id=new_id(),
        name=name,
        user_handle=secrets.token_bytes(32),
        created_at=clock.now(),
    )
    session.add(row)
    session.flush()
    record(session, AuditEventType.STAFF_INVITED, staff=row.staff_id, by=by)
    for given in wanted:
        _give(session, row.staff_id, given, by)
    return row.staff_id, _token(session, row.staff_id)


def invite_again(session: Session, staff_id: str, by: str) -> str:
    """A new link for somebody who lost their passkey; links given before stop working."""
    _active(session, staff_id)
    record(session, AuditEventType.STAFF_INVITED, staff=staff_id, by=by)
    return _token(session, staff_id)


def enrolment_link(settings: Settings, token: str) -> str:
    """The address with which somebody makes their passkey; of the issuer, whatever host a request named."""
    return f"{settings.issuer}/staff/enrol/{token}"


def _token(session: Session, staff_id: str) -> str:
    now = clock.now()
    session.execute(
        update(StaffInvitation)
        .where(StaffInvitation.staff_id == staff_id, StaffInvitation.used_at.is_(None))
        .values(used_at=now)
    )
    token = new_secret()
    session.add(StaffInvitation(token_digest=digest(token), staff_id=staff_id, expires_at=now + INVITATION))
    return token


def invited(session: Session, token: str) -> Staff | None:
    """Whom a link is for, if it still counts."""
    if not is_secret(token):
        return None
    return session.scalars(
        select(Staff)
        .join(StaffInvitation, StaffInvitation.staff_id == Staff.staff_id)
        .where(
            StaffInvitation.token_digest == digest(token),
            StaffInvitation.used_at.is_(None),
            StaffInvitation.expires_at > clock.now(),
            Staff.ended_at.is_(None),
        )
    ).first()


def use_invitation(session: Session, token: str) -> bool:
    """Use a link up; False if somebody else was faster."""
    taken = session.execute(
        update(StaffInvitation)
        .where(StaffInvitation.token_digest == digest(token), StaffInvitation.used_at.is_(None))
        .values(used_at=clock.now())
    )
    return bool(taken.rowcount == 1)  # type: ignore[attr-defined]


def members(session: Session) -> list[Member]:
    """Everybody, those who left too."""
    rows = session.execute(
        select(Staff, func.count(StaffPasskey.credential_id), func.max(StaffPasskey.last_used_at))
        .outerjoin(StaffPasskey, StaffPasskey.staff_id == Staff.staff_id)
        .group_by(Staff.staff_id)
        .order_by(Staff.ended_at.is_not(None), Staff.name)
    ).all()
    known: dict[str, list[Appointment]] = {}
    for row in session.scalars(select(StaffRole)):
        known.setdefault(row.staff_id, []).append(Appointment(Role(row.role), row.department or None))
    return [
        Member(s.staff_id, s.name, tuple(sorted(known.get(s.staff_id, ()), key=str)), count, used, s.ended_at)
        for s, count, used in rows
    ]


def appoint(session: Session, staff_id: str, given: Appointment, by: str) -> None:
    """Give a role. Given twice it is one."""
    _active(session, staff_id)
    if session.get(StaffRole, (staff_id, given.role.value, given.department or "")) is None:
        _give(session, staff_id, given, by)


def dismiss(session: Session, staff_id: str, named: str, by: str) -> None:
    """Take a role back, named as `str(appointment)`; it counts from the next request on. The last administrator keeps theirs."""
    _active(session, staff_id)
    everybody = {m.staff_id: m for m in _everybody_locked(session)}
    taken = next((a for a in everybody[staff_id].appointments if str(a) == named), None)
    if taken is None:
        raise StaffError("This member of staff has no such role.")
    if Duty.STAFF in taken.duties and _is_last_administrator(everybody.values(), staff_id):
        raise StaffError("The last administrator cannot be switched off.")
    session.execute(
        delete(StaffRole).where(
            StaffRole.staff_id == staff_id,
            StaffRole.role == taken.role.value,
            StaffRole.department == (taken.department or ""),
        )
    )
    _note(session, AuditEventType.STAFF_DISMISSED, staff_id, taken, by)


def end(session: Session, staff_id: str, by: str) -> None:
    """Switch a member off: no sign-in, and every login and link of theirs ends. The last administrator stays."""
    row = _active(session, staff_id)
    if _is_last_administrator(_everybody_locked(session), staff_id):
        raise StaffError("The last administrator cannot be switched off.")
    now = clock.now()
    row.ended_at = now
    for table, over in ((StaffSession, StaffSession.ended_at), (StaffInvitation, StaffInvitation.used_at)):
        session.execute(update(table).where(table.staff_id == staff_id, over.is_(None)).values({over: now}))
    record(session, AuditEventType.STAFF_ENDED, staff=staff_id, by=by)


def _active(session: Session, staff_id: str) -> Staff:
    row = session.get(Staff, staff_id) if is_id(staff_id) else None
    if row is None or row.ended_at is not None:
        raise StaffError("No such member of staff.")
    return row


def _everybody_locked(session: Session) -> list[Member]:
    """Whoever takes an administrator away waits for whoever else does: two who end each other at once must leave one."""
    locked = select(Staff).order_by(Staff.staff_id).with_for_update().execution_options(populate_existing=True)
    session.scalars(locked).all()
    return members(session)


def _is_last_administrator(everybody: Iterable[Member], staff_id: str) -> bool:
    return [m.staff_id for m in everybody if m.counts_as_administrator] == [staff_id]


def _give(session: Session, staff_id: str, given: Appointment, by: str) -> None:
    session.add(StaffRole(staff_id=staff_id, role=given.role.value, department=given.department or ""))
    _note(session, AuditEventType.STAFF_APPOINTED, staff_id, given, by)


def _note(session: Session, event: AuditEventType, staff_id: str, which: Appointment, by: str) -> None:
    place = which.department or (WHOLE_CITY if which.duties else None)
    record(session, event, staff=staff_id, role=which.role.value, department=place, by=by)
