"""The guard of `Caller.STAFF`: a login at the desk, and a role that the view names. A view that names none is open to nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ..foundation.web.callers import Caller, guard
from ..foundation.web.errors import ProblemError, wants_json
from ..foundation.web.paths import this_page
from .model import Role
from .sessions import current_or_none

View = TypeVar("View", bound=Callable[..., Any])
EVERY_ROLE = tuple(Role)


def open_to(*roles: Role) -> Callable[[View], View]:
    """Declare the roles of a view."""

    def mark(view: View) -> View:
        view.__machi_roles__ = frozenset(r.value for r in roles)  # type: ignore[attr-defined]
        return view

    return mark


def require_staff() -> ResponseReturnValue | None:
    """Send a browser to the desk's sign-in; refuse a role that the view does not name."""
    login = current_or_none()
    if login is None:
        if wants_json() or request.method != "GET":
            raise ProblemError(401, "signed_out", "You are signed out. Please sign in again.")
        return redirect(url_for("staff.signin", next=this_page()), 303)
    view = current_app.view_functions[str(request.endpoint)]
    if not login.roles & getattr(view, "__machi_roles__", frozenset()):
        raise ProblemError(403, "role_needed", "Your role does not open this page.")
    return None


def install_guard(app: Flask) -> None:
    guard(app, Caller.STAFF, require_staff)
