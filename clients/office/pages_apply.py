"""Applying: form, check, send, receipt."""

from __future__ import annotations

import secrets

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from .cases import find_case
from .context import machi, office, resident
from .definition import Procedure
from .file_case import Applicant, Application, file_online
from .forms import read_answers
from .guard import residents_only

pages = Blueprint("apply", __name__)


def procedure_or_404(code: str) -> Procedure:
    """The procedure, or a page that says it does not exist."""
    found = office().department.procedure(code)
    if found is None:
        abort(404)
    return found


@pages.get("/apply/<code>")
@residents_only
def form(code: str) -> ResponseReturnValue:
    """The form, with what the city already knows filled in."""
    return render_template("apply.html", procedure=procedure_or_404(code), answers={}, errors={})


@pages.post("/apply/<code>")
@residents_only
def check(code: str) -> ResponseReturnValue:
    """Show what will be sent, or the form again with what is wrong."""
    procedure = procedure_or_404(code)
    answers, errors = read_answers(request.form, procedure.fields)
    if errors or "back" in request.form:
        # What was refused is shown again to be mended, but for a My Number, which must not even be echoed.
        kept = {name: value for name, value in request.form.items() if errors.get(name) != "individual_number"}
        page = render_template("apply.html", procedure=procedure, answers=kept, errors=errors)
        return page, 422 if errors else 200
    return render_template("confirm.html", procedure=procedure, answers=answers, draft=secrets.token_urlsafe(24))


@pages.post("/apply/<code>/send")
@residents_only
def send(code: str) -> ResponseReturnValue:
    """File it. The draft's id makes a second press of the button the same application."""
    procedure = procedure_or_404(code)
    answers, errors = read_answers(request.form, procedure.fields)
    draft = request.form.get("draft", "")
    if errors or not 20 <= len(draft) <= 64:
        return render_template("apply.html", procedure=procedure, answers=answers, errors=errors), 422
    who = resident()
    applicant = Applicant(name=who.name, birthdate=who.birthdate, address=who.address, sub=who.sub)
    number = file_online(office(), applicant, Application(procedure=procedure, answers=answers, draft=draft))
    return redirect(url_for("apply.receipt", number=number), 303)


@pages.get("/applications/<number>/receipt")
@residents_only
def receipt(number: str) -> ResponseReturnValue:
    """The receipt, with the way to my page."""
    case = find_case(office().database, number)
    if case is None or case.sub != resident().sub:
        abort(404)
    my_page = machi().settings.issuer.rstrip("/") + "/my/"
    return render_template("receipt.html", case=case, procedure=procedure_or_404(case.procedure), my_page=my_page)
