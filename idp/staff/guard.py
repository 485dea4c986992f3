"""The guard of `Caller.STAFF`: a login, and a duty that the view names. A view that names none is open to nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ..foundation.web.callers import Caller, called_by, guard
from ..foundation.web.errors import ProblemError, wants_json
from ..foundation.web.paths import this_page
from .roles import Duty
from .sessions import StaffLogin, current_staff, current_staff_or_none

View = TypeVar("View", bound=Callable[..., Any])
_DUTIES = "__machi_duties__"
_EVERYBODY = "__machi_every_member__"


def require_staff(*duties: Duty) -> Callable[[View], View]:
    """Declare the caller of a view: a member of staff who has one of these duties, in the city or in some department.

    Where rows belong to departments, the view asks for the row's with `require_department`.
    """

    def mark(view: View) -> View:
        setattr(view, _DUTIES, frozenset(duties))
        return called_by(Caller.STAFF)(view)

    return mark


def any_staff(view: View) -> View:
    """Declare the caller of a view: a member of staff, whatever they are there for."""
    setattr(view, _EVERYBODY, True)
    return called_by(Caller.STAFF)(view)


def require_department(duty: Duty, department: str) -> StaffLogin:
    """The member of staff, if this duty is theirs in this department. Raises a 403 problem."""
    login = current_staff()
    if not login.may_in(duty, department):
        raise _refused()
    return login


def refuse_others() -> ResponseReturnValue | None:
    """Send a browser to the sign-in of staff; refuse who has none of the duties that the view names."""
    login = current_staff_or_none()
    if login is None:
        if wants_json() or request.method != "GET":
            raise ProblemError(401, "signed_out", "You are signed out. Please sign in again.")
        return redirect(url_for("staff.signin", next=this_page()), 303)
    view = current_app.view_functions[str(request.endpoint)]
    if not getattr(view, _EVERYBODY, False) and not login.may(*getattr(view, _DUTIES, ())):
        raise _refused()
    return None


def _refused() -> ProblemError:
    return ProblemError(403, "role_needed", "Your role does not open this page.")


def install_guard(app: Flask) -> None:
    guard(app, Caller.STAFF, refuse_others)
