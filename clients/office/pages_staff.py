"""The back office: sign-in, the list, and what became of events."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from clients.kit import own_path

from . import staff_signin
from .cases import count_by_phase, list_cases
from .context import machi, office
from .forms import read_text
from .office import OperationRefusedError
from .staff_signin import staff_only

pages = Blueprint("staff", __name__, url_prefix="/staff")


@pages.get("/signin")
def signin() -> ResponseReturnValue:
    """The staff sign-in form."""
    if not staff_signin.password():
        abort(503)
    return render_template("staff/signin.html", error=None)


@pages.post("/signin")
def check_signin() -> ResponseReturnValue:
    """Check the password."""
    database, address = office().database, request.remote_addr or ""
    if staff_signin.too_many(database, address):
        page = render_template("staff/signin.html", error="limited")
        return page, 429, {"Retry-After": str(staff_signin.WINDOW)}
    try:
        name = read_text(request.form, "staff_name", required=True, max_length=40)
    except OperationRefusedError:
        return render_template("staff/signin.html", error="name"), 422
    if not staff_signin.is_right(request.form.get("password", "")[:200]):
        staff_signin.note_failure(database, address)
        return render_template("staff/signin.html", error="password"), 403
    staff_signin.begin(name)
    here = own_path(request.args.get("next"), machi().settings.base_url)
    home = url_for("staff.cases")
    return redirect(here if here and here.startswith(home) else home, 303)


@pages.post("/signout")
def signout() -> ResponseReturnValue:
    """End the staff session."""
    session.clear()
    return redirect(url_for("staff.signin"), 303)


@pages.get("")
@staff_only
def cases() -> ResponseReturnValue:
    """All applications, with filters."""
    names = ("phase", "procedure", "channel", "words")
    filters = {name: request.args.get(name, "")[:80].strip() for name in names}
    database = office().database
    return render_template(
        "staff/cases.html", cases=list_cases(database, **filters), filters=filters, counts=count_by_phase(database)
    )


@pages.get("/delivery")
@staff_only
def delivery() -> ResponseReturnValue:
    """How reporting is doing, and every event that my page refused."""
    reporter = office().reporter
    return render_template("staff/delivery.html", counts=reporter.counts(), rejected=reporter.rejected())


@pages.post("/delivery/<event_id>/retry")
@staff_only
def retry(event_id: str) -> ResponseReturnValue:
    """Send a refused event again."""
    if not office().reporter.retry(event_id):
        abort(404)
    return redirect(url_for("staff.delivery"), 303)
