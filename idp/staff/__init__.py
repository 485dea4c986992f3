"""Members of staff: who they are, which roles they have, how they sign in. No residents: own passkeys, own logins, own cookie."""

from __future__ import annotations

from .entrances import add_entrance
from .guard import require_department, require_staff
from .install import install
from .members import Member, StaffError, appoint, dismiss, end, enrolment_link, invite, invite_again, members
from .roles import Appointment, AppointmentError, Duty, Role, appointment, read_appointment
from .sessions import StaffLogin, current_staff

__all__ = [
    "Appointment",
    "AppointmentError",
    "Duty",
    "Member",
    "Role",
    "StaffError",
    "StaffLogin",
    "add_entrance",
    "appoint",
    "appointment",
    "current_staff",
    "dismiss",
    "end",
    "enrolment_link",
    "install",
    "invite",
    "invite_again",
    "members",
    "read_appointment",
    "require_department",
    "require_staff",
]
