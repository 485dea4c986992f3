"""The front page and a resident's own applications."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from .attach_case import attach_case, can_attach
from .cases import Case, cases_of, find_case, history
from .context import machi, office, resident
from .forms import read_text
from .guard import residents_only
from .move_case import answer_case, withdraw_case
from .office import OperationRefusedError
from .phases import OPEN
from .tell import steps_of

pages = Blueprint("resident", __name__)


def own_or_404(number: str) -> Case:
    """The resident's own case; another's looks as if it did not exist."""
    case = find_case(office().database, number)
    if case is None or case.sub != resident().sub:
        abort(404)
    return case


@pages.get("/")
def home() -> ResponseReturnValue:
    """What can be applied for; for a signed-in resident also what is under way."""
    who = machi().resident
    return render_template("home.html", cases=cases_of(office().database, who.sub)[:3] if who else [])


@pages.get("/applications")
@residents_only
def applications() -> ResponseReturnValue:
    """All of the resident's applications."""
    return render_template("applications.html", cases=cases_of(office().database, resident().sub))


@pages.get("/applications/<number>")
@residents_only
def application(number: str) -> ResponseReturnValue:
    """One application; a paper one that is theirs is offered to be shown here."""
    found = find_case(office().database, number)
    if found is not None and can_attach(found, resident()):
        return render_template("attach.html", case=found)
    return show(own_or_404(number))


def show(case: Case, error: OperationRefusedError | None = None) -> ResponseReturnValue:
    """The page of a case."""
    changes = history(office().database, case.number)
    page = render_template(
        "application.html",
        case=case,
        procedure=office().department.procedure(case.procedure),
        steps=steps_of(case, changes),
        changes=[change for change in changes if change.text_ja],
        can_withdraw=case.phase in OPEN,
        error=error,
    )
    return (page, 422) if error else page


@pages.post("/applications/<number>/attach")
@residents_only
def attach(number: str) -> ResponseReturnValue:
    """Show a paper application here from now on."""
    if not attach_case(office().database, number, resident()):
        abort(404)
    return redirect(url_for("resident.application", number=number), 303)


@pages.post("/applications/<number>/respond")
@residents_only
def respond(number: str) -> ResponseReturnValue:
    """The resident's answer to what the department asked."""
    case, who = own_or_404(number), resident()
    try:
        text = read_text(request.form, "text", required=True, max_length=2000)
        answer_case(office(), number, text, sub=who.sub, name=who.name)
    except OperationRefusedError as error:
        return show(case, error)
    return redirect(url_for("resident.application", number=number, done="answered"), 303)


@pages.get("/applications/<number>/withdraw")
@residents_only
def ask_withdraw(number: str) -> ResponseReturnValue:
    """Say what withdrawing does, and ask."""
    case = own_or_404(number)
    if case.phase not in OPEN:
        return redirect(url_for("resident.application", number=number), 303)
    return render_template("withdraw.html", case=case, procedure=office().department.procedure(case.procedure))


@pages.post("/applications/<number>/withdraw")
@residents_only
def withdraw(number: str) -> ResponseReturnValue:
    """Take the application back."""
    case, who = own_or_404(number), resident()
    try:
        withdraw_case(office(), number, sub=who.sub, name=who.name)
    except OperationRefusedError as error:
        return show(case, error)
    return redirect(url_for("resident.application", number=number, done="withdrawn"), 303)
