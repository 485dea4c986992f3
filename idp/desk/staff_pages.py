"""Members of staff: who there is, invite, a new link, switch off."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ..foundation.context import parts
from ..foundation.web.callers import Caller, called_by
from ..foundation.web.errors import ProblemError
from ..staff.guard import open_to
from ..staff.members import StaffError, end, invite, invite_again, members
from ..staff.model import Role
from ..staff.sessions import current
from .page import show

bp = Blueprint("desk_staff", __name__, url_prefix="/desk/staff")


def link(token: str) -> str:
    """The address with which somebody makes their passkey."""
    return f"{parts().settings.issuer}/desk/enrol/{token}"


@bp.get("")
@called_by(Caller.STAFF)
@open_to(Role.ADMINISTRATOR)
def index() -> Response:
    """Everybody."""
    return _page()


@bp.post("")
@called_by(Caller.STAFF)
@open_to(Role.ADMINISTRATOR)
def add() -> Response:
    """Invite; the link is on the answer and nowhere else."""
    roles = [role for role in Role if role.value in request.form.getlist("roles")]
    try:
        with parts().database.write() as session:
            _, token = invite(session, request.form.get("name", ""), roles, current().staff_id)
    except StaffError as error:
        raise ProblemError(400, "malformed", str(error)) from None
    return _page(link(token))


@bp.post("/<staff_id>/link")
@called_by(Caller.STAFF)
@open_to(Role.ADMINISTRATOR)
def again(staff_id: str) -> Response:
    """A new link for somebody who has no passkey any more."""
    try:
        with parts().database.write() as session:
            token = invite_again(session, staff_id, current().staff_id)
    except StaffError as error:
        raise ProblemError(404, "no_such_staff", str(error)) from None
    return _page(link(token))


@bp.post("/<staff_id>/end")
@called_by(Caller.STAFF)
@open_to(Role.ADMINISTRATOR)
def switch_off(staff_id: str) -> ResponseReturnValue:
    """No sign-in any more, and every login of theirs ends."""
    try:
        with parts().database.write() as session:
            end(session, staff_id, current().staff_id)
    except StaffError as error:
        raise ProblemError(409, "cannot_end", str(error)) from None
    return redirect(url_for("desk_staff.index"), 303)


def _page(fresh: str | None = None) -> Response:
    with parts().database.read() as session:
        rows = members(session)
    return show("staff", "staff", members=rows, roles=[r.value for r in Role], fresh=fresh)
