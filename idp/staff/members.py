"""Members of staff: invite, list, end."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ..audit import EventType, record
from ..foundation import clock
from ..foundation.ids import is_id, is_secret, new_id, new_secret
from ..foundation.vault import digest
from .model import Role, Staff, StaffInvitation, StaffPasskey, StaffSession

INVITATION = timedelta(hours=24)


class StaffError(Exception):
    """It cannot be done; the text (an English msgid) says why."""


@dataclass(frozen=True)
class Member:
    """One member of staff, for lists. `passkeys` 0: has not followed the link yet."""

    staff_id: str
    name: str
    roles: tuple[str, ...]
    passkeys: int
    last_used_at: datetime | None
    ended_at: datetime | None


def invite(session: Session, name: str, roles: Iterable[Role], by: str) -> tuple[str, str]:
    """Create a member and return `(staff_id, token)`; the token goes into the link, once."""
    name, wanted = name.strip(), sorted({role.value for role in roles})
    if not name or len(name) > 80:
        raise StaffError("The name must have 1 to 80 characters.")
    if not wanted:
        raise StaffError("At least one role is needed.")
    row = Staff(
        staff_id=new_id(),
        name=name,
        roles=" ".join(wanted),
        user_handle=secrets.token_bytes(32),
        created_at=clock.now(),
    )
    session.add(row)
    session.flush()
    record(session, EventType.STAFF_INVITED, staff=row.staff_id, by=by)
    return row.staff_id, _token(session, row.staff_id)


def invite_again(session: Session, staff_id: str, by: str) -> str:
    """A new link for somebody who lost their passkey; links given before stop working."""
    row = session.get(Staff, staff_id) if is_id(staff_id) else None
    if row is None or row.ended_at is not None:
        raise StaffError("No such member of staff.")
    record(session, EventType.STAFF_INVITED, staff=staff_id, by=by)
    return _token(session, staff_id)


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
    return [Member(s.staff_id, s.name, tuple(s.roles.split()), count, used, s.ended_at) for s, count, used in rows]


def end(session: Session, staff_id: str, by: str) -> None:
    """Switch a member off: no sign-in, and every login of theirs ends. The last administrator stays."""
    row = session.get(Staff, staff_id, with_for_update=True) if is_id(staff_id) else None
    if row is None or row.ended_at is not None:
        raise StaffError("No such member of staff.")
    administrators = [m for m in members(session) if m.ended_at is None and "administrator" in m.roles and m.passkeys]
    if [m.staff_id for m in administrators] == [staff_id]:
        raise StaffError("The last administrator cannot be switched off.")
    row.ended_at = clock.now()
    session.execute(
        update(StaffSession)
        .where(StaffSession.staff_id == staff_id, StaffSession.ended_at.is_(None))
        .values(ended_at=clock.now())
    )
    record(session, EventType.STAFF_ENDED, staff=staff_id, by=by)
