"""The guard of `Caller.RESIDENT`: no session, no page, but a way to sign in and come back."""

from __future__ import annotations

from flask import Flask, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ..foundation.web.callers import Caller, guard
from ..foundation.web.errors import ProblemError, wants_json
from ..foundation.web.paths import this_page
from ..logins import current_login_or_none, end_logins_of
from ..residents import life_cycle


def require_resident() -> ResponseReturnValue | None:
    """Send a browser to sign in; tell a script that the session is over (401)."""
    if current_login_or_none() is not None:
        return None
    if wants_json() or request.method != "GET":
        raise ProblemError(401, "signed_out", "You are signed out. Please sign in again.")
    return redirect(url_for("signin.begin", next=this_page()), 303)


def install_guard(app: Flask) -> None:
    guard(app, Caller.RESIDENT, require_resident)
    life_cycle.on_account_change(end_logins_of)
