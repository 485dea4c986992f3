"""Members of staff: who there is, invite, a new link, roles, switch off."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _

from ..foundation.context import parts
from ..foundation.web.errors import ProblemError
from ..staff import (
    AppointmentError,
    Duty,
    Member,
    Role,
    StaffError,
    appoint,
    appointment,
    current_staff,
    dismiss,
    end,
    enrolment_link,
    invite,
    invite_again,
    members,
    require_staff,
)
from .page import show

bp = Blueprint("desk_staff", __name__, url_prefix="/desk/staff")

ROLE_NAMES = {
    Role.ADMINISTRATOR: _("Administrator"),
    Role.REGISTRAR: _("Registrar"),
    Role.SUPERVISOR: _("Supervisor"),
    Role.AUDITOR: _("Auditor"),
    Role.CLERK: _("Department clerk"),
}


@bp.get("")
@require_staff(Duty.STAFF)
def index() -> Response:
    """Everybody."""
    return _page()


@bp.post("")
@require_staff(Duty.STAFF)
def add() -> Response:
    """Invite; the link is on the answer and nowhere else."""
    department = request.form.get("department", "")
    try:
        wanted = [appointment(role, department) for role in request.form.getlist("roles")]
        with parts().database.write() as session:
            _, token = invite(session, request.form.get("name", ""), wanted, current_staff().staff_id)
    except (StaffError, AppointmentError) as error:
        raise ProblemError(400, "malformed", str(error)) from None
    return _page(token)


@bp.post("/<staff_id>/link")
@require_staff(Duty.STAFF)
def again(staff_id: str) -> Response:
    """A new link for somebody who has no passkey any more."""
    try:
        with parts().database.write() as session:
            token = invite_again(session, staff_id, current_staff().staff_id)
    except StaffError as error:
        raise ProblemError(404, "no_such_staff", str(error)) from None
    return _page(token)


@bp.get("/<staff_id>")
@require_staff(Duty.STAFF)
def member(staff_id: str) -> Response:
    """One member and their roles."""
    return show("member", "staff", member=_find(staff_id), roles=ROLE_NAMES)


@bp.post("/<staff_id>/roles")
@require_staff(Duty.STAFF)
def give_role(staff_id: str) -> ResponseReturnValue:
    """Appoint."""
    try:
        given = appointment(request.form.get("role", ""), request.form.get("department", ""))
        with parts().database.write() as session:
            appoint(session, staff_id, given, current_staff().staff_id)
    except (StaffError, AppointmentError) as error:
        raise ProblemError(400, "malformed", str(error)) from None
    return redirect(url_for("desk_staff.member", staff_id=staff_id), 303)


@bp.post("/<staff_id>/roles/end")
@require_staff(Duty.STAFF)
def take_role(staff_id: str) -> ResponseReturnValue:
    """Take a role back."""
    try:
        with parts().database.write() as session:
            dismiss(session, staff_id, request.form.get("named", ""), current_staff().staff_id)
    except StaffError as error:
        raise ProblemError(409, "cannot_end", str(error)) from None
    return redirect(url_for("desk_staff.member", staff_id=staff_id), 303)


@bp.post("/<staff_id>/end")
@require_staff(Duty.STAFF)
def switch_off(staff_id: str) -> ResponseReturnValue:
    """No sign-in any more, and every login of theirs ends."""
    try:
        with parts().database.write() as session:
            end(session, staff_id, current_staff().staff_id)
    except StaffError as error:
        raise ProblemError(409, "cannot_end", str(error)) from None
    return redirect(url_for("desk_staff.index"), 303)


def _find(staff_id: str) -> Member:
    with parts().database.read() as session:
        found = next((m for m in members(session) if m.staff_id == staff_id and m.ended_at is None), None)
    if found is None:
        raise ProblemError(404, "no_such_staff", "No such member of staff.")
    return found


def _page(token: str | None = None) -> Response:
    with parts().database.read() as session:
        rows = members(session)
    fresh = enrolment_link(parts().settings, token) if token else None
    return show("staff", "staff", members=rows, roles=ROLE_NAMES, fresh=fresh)
