"""Tables of staff. They are no residents: own passkeys, own sessions, own cookie."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from ..credentials.model import CredentialRecord
from ..foundation.database import Base
from .roles import LONGEST_DEPARTMENT, ROLES, Reach, Role

_NAMES = ", ".join(f"'{role.value}'" for role in Role)
_CITY_ONLY = ", ".join(f"'{role.value}'" for role in Role if Reach.DEPARTMENT not in ROLES[role].reaches)


class Staff(Base):
    """A member of staff. Ended, not deleted, so that the record keeps its meaning."""

    __tablename__ = "staff"

    staff_id: Mapped[str] = mapped_column(String(26), primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    user_handle: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    """Random (WebAuthn §14.6.1)."""
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class StaffRole(Base):
    """An appointment (roles.py). Asked for at each request, so that one that is taken back opens nothing more."""

    __tablename__ = "staff_role"
    __table_args__ = (
        CheckConstraint(f"role IN ({_NAMES})", name="role"),
        CheckConstraint(f"department = '' OR role NOT IN ({_CITY_ONLY})", name="reach"),
    )

    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.staff_id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(20), primary_key=True)
    department: Mapped[str] = mapped_column(String(LONGEST_DEPARTMENT), primary_key=True, default="")
    """Empty: the whole city."""


class StaffPasskey(CredentialRecord, Base):
    """A discoverable credential of a member of staff."""

    __tablename__ = "staff_passkey"
    __table_args__ = (Index("ix_staff_passkey_staff", "staff_id"),)

    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.staff_id"))


class StaffSession(Base):
    """A login at the desk. This row is the authority."""

    __tablename__ = "staff_session"
    __table_args__ = (Index("ix_staff_session_staff", "staff_id"),)

    session_id: Mapped[str] = mapped_column(String(26), primary_key=True)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.staff_id"))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class StaffInvitation(Base):
    """A one-time link with which a member of staff makes a passkey."""

    __tablename__ = "staff_invitation"

    token_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.staff_id"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
