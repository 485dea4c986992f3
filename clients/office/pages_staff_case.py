"""The back office: one case, and applications on paper."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from typing import cast

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clients.kit import JST, Channel, Outcome, Phase

from . import staff_signin
from .cases import Case, find_case, history
from .context import office
from .definition import Procedure
from .file_case import Applicant, Application, register_paper
from .forms import read_date, read_text
from .move_case import Move, move_case
from .office import OperationRefusedError
from .phases import NEXT
from .staff_signin import staff_only
from .tell import steps_of

pages = Blueprint("staff_case", __name__, url_prefix="/staff")


def find_or_404(number: str) -> Case:
    """The case, or a page that says it does not exist."""
    return find_case(office().database, number) or abort(404)


@pages.get("/cases/<number>")
@staff_only
def case(number: str) -> ResponseReturnValue:
    """One case: answers, history, delivery, and where it can go next."""
    return show(find_or_404(number))


def show(found: Case, error: OperationRefusedError | None = None) -> ResponseReturnValue:
    """The page of a case, with what was typed if it was refused."""
    changes = history(office().database, found.number)
    page = render_template(
        "staff/case.html",
        case=found,
        procedure=office().department.procedure(found.procedure),
        changes=changes,
        steps=steps_of(found, changes),
        deliveries=office().reporter.deliveries(found.number),
        phases=NEXT[found.phase],
        typed=request.form if error else {},
        error=error,
    )
    return (page, 409 if error.code == "changed" else 422) if error else page


def read_move(form: Mapping[str, str]) -> Move:
    """What the clerk asked for."""
    outcome = form.get("outcome", "")
    if outcome not in {"", "approved", "partly", "rejected", "dismissed"}:
        raise OperationRefusedError("outcome", "choice")
    return Move(
        phase=cast(Phase, form.get("phase", "")),
        reason_ja=read_text(form, "reason_ja", required=False, max_length=2000),
        reason_en=read_text(form, "reason_en", required=False, max_length=2000),
        act_by=read_date(form, "act_by", required=False),
        expected_by=read_date(form, "expected_by", required=False),
        outcome=cast(Outcome, outcome) if outcome else None,
        seen=form.get("seen"),
    )


@pages.post("/cases/<number>")
@staff_only
def move(number: str) -> ResponseReturnValue:
    """Move the case on."""
    found = find_or_404(number)
    try:
        move_case(office(), number, read_move(request.form), staff=staff_signin.current() or "")
    except OperationRefusedError as error:
        return show(find_or_404(found.number), error)
    return redirect(url_for("staff_case.case", number=number), 303)


@pages.get("/cases/<number>/delivery")
@staff_only
def case_delivery(number: str) -> ResponseReturnValue:
    """Only the list of events, for the page to refresh itself."""
    found = find_or_404(number)
    return render_template("staff/delivery_list.html", case=found, deliveries=office().reporter.deliveries(number))


@pages.get("/paper")
@staff_only
def paper() -> ResponseReturnValue:
    """The form for applications on paper."""
    if not office().department.takes_paper:
        abort(404)
    return render_template("staff/paper.html", typed={}, error=None, today=office().clock().date())


@pages.post("/paper")
@staff_only
def save_paper() -> ResponseReturnValue:
    """Register an application on paper by local number."""
    if not office().department.takes_paper:
        abort(404)
    try:
        applicant, application = read_paper(request.form)
        number = register_paper(office(), applicant, application, staff=staff_signin.current() or "")
    except OperationRefusedError as error:
        typed = {} if error.code == "individual_number" else request.form
        page = render_template("staff/paper.html", typed=typed, error=error, today=office().clock().date())
        return page, 422
    return redirect(url_for("staff_case.case", number=number), 303)


def read_paper(form: Mapping[str, str]) -> tuple[Applicant, Application]:
    """What the clerk copied from the paper. Only the local number and the procedure are needed."""
    procedure: Procedure | None = office().department.procedure(form.get("procedure", ""))
    if procedure is None:
        raise OperationRefusedError("procedure", "choice")
    channel = form.get("channel", "post")
    if channel not in {"post", "counter"}:
        raise OperationRefusedError("channel", "choice")
    now = office().clock()
    day = read_date(form, "received_on", required=False)
    if day and day > now.date():
        raise OperationRefusedError("received_on", "date")
    born = read_date(form, "birthdate", required=False)
    applicant = Applicant(
        local_number=read_text(form, "local_number", required=True, max_length=20),
        name=read_text(form, "applicant", required=False, max_length=100),
        birthdate=born.isoformat() if born else "",
    )
    received_at = now if day in {None, now.date()} else datetime.combine(cast(datetime, day), time(9), JST)
    note = read_text(form, "note", required=False, max_length=2000)
    answers = {"note": note} if note else {}
    return applicant, Application(
        procedure=procedure, channel=cast(Channel, channel), answers=answers, received_at=received_at
    )
