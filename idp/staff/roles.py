"""Which role does what, and where: one table. A page names a duty; who has it is said here and nowhere else."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import Enum

LONGEST_DEPARTMENT = 40


class Role(Enum):
    """What a member of staff is."""

    ADMINISTRATOR = "administrator"
    REGISTRAR = "registrar"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    CLERK = "clerk"


class Duty(Enum):
    """What a page or an operation is for."""

    APPS = "apps"
    """Register apps, say what the city allows them; registration tokens."""
    KEYS = "keys"
    """See the signing keys and take them a step on."""
    STAFF = "staff"
    """Invite, appoint and end members of staff."""
    RECORD = "record"
    """Read what happened."""
    RESIDENTS = "residents"
    """Find a resident and serve them at a counter."""
    APPROVALS = "approvals"
    """The second pair of eyes on what a registrar does."""
    CASES = "cases"
    """What a department shows residents: their cases, notices and tasks."""


class Reach(Enum):
    """How far an appointment goes."""

    CITY = "city"
    DEPARTMENT = "department"


@dataclass(frozen=True)
class _Kind:
    """What a role does, and how far it may go."""

    duties: frozenset[Duty]
    reaches: frozenset[Reach]


def _kind(*duties: Duty, reaches: tuple[Reach, ...]) -> _Kind:
    return _Kind(frozenset(duties), frozenset(reaches))


# Nobody both acts and audits, and whoever appoints serves no resident: a second role is a second decision, which the record shows.
ROLES = {
    Role.ADMINISTRATOR: _kind(Duty.APPS, Duty.KEYS, Duty.STAFF, Duty.RECORD, reaches=(Reach.CITY,)),
    Role.REGISTRAR: _kind(Duty.RESIDENTS, reaches=(Reach.CITY, Reach.DEPARTMENT)),
    Role.SUPERVISOR: _kind(Duty.APPROVALS, reaches=(Reach.CITY, Reach.DEPARTMENT)),
    Role.AUDITOR: _kind(Duty.RECORD, reaches=(Reach.CITY,)),
    Role.CLERK: _kind(Duty.CASES, reaches=(Reach.DEPARTMENT,)),
}


class AppointmentError(ValueError):
    """There is no such appointment; the text (an English msgid) says why."""


@dataclass(frozen=True)
class Appointment:
    """A role, city-wide or in one department. As a text: `registrar`, `clerk:子育て支援課`.

    A clerk of before there were departments has none: they may sign in, and nothing is open to them until they are appointed.
    """

    role: Role
    department: str | None = None

    @property
    def reach(self) -> Reach:
        return Reach.CITY if self.department is None else Reach.DEPARTMENT

    @property
    def duties(self) -> frozenset[Duty]:
        """What it opens: nothing where the role does not reach so far."""
        kind = ROLES[self.role]
        return kind.duties if self.reach in kind.reaches else frozenset()

    def covers(self, department: str) -> bool:
        return self.department is None or self.department == department

    def __str__(self) -> str:
        return self.role.value if self.department is None else f"{self.role.value}:{self.department}"


def appointment(role: str, department: str = "") -> Appointment:
    """What somebody entered, as an appointment that can be given. Raises `AppointmentError`."""
    if role not in {r.value for r in Role}:
        raise AppointmentError("There is no such role.")
    name = " ".join(unicodedata.normalize("NFKC", department).split())
    if len(name) > LONGEST_DEPARTMENT or not name.isprintable():
        raise AppointmentError("The name of the department must have 1 to 40 characters.")
    given = Appointment(Role(role), name or None)
    if given.reach in ROLES[given.role].reaches:
        return given
    if name:
        raise AppointmentError("This role is for the whole city; leave the department empty.")
    raise AppointmentError("This role needs a department.")


def read_appointment(text: str) -> Appointment:
    """`role` or `role:department`. Raises `AppointmentError`."""
    role, _, department = text.partition(":")
    return appointment(role.strip(), department)
