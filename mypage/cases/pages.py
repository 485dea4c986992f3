"""申請: the list of cases, one case with its course, and its dates for a calendar."""

from __future__ import annotations

from flask import Blueprint, Response, request

from idp.front.logins import current_login
from idp.front.storage import parts
from idp.front.web import Caller, ProblemError, called_by

from ..formatting import plain
from ..page import page_number, show
from .calendar import calendar_of
from .course import course_of
from .phases import waits_for_department, waits_for_resident
from .read import CaseDetail, get_case, list_cases

PAGE = 20

bp = Blueprint("my_cases", __name__, template_folder="templates")


@bp.get("/my/cases")
@called_by(Caller.RESIDENT)
def index() -> Response:
    """Cases of every department and channel; `?phase= &department= &q= &archived=1 &page=`."""
    phase, department = request.args.get("phase") or None, request.args.get("department") or None
    archived, query = request.args.get("archived") == "1", request.args.get("q", "").strip()[:100]
    page = page_number()
    with parts().database.read() as session:
        found = list_cases(
            session,
            current_login().resident_id,
            phase=phase,
            department=department,
            archived=archived,
            query=query,
            limit=PAGE,
            offset=(page - 1) * PAGE,
        )
        wish = {"phase": phase, "department": department, "archived": archived, "query": query}
        pages = max(1, -(-found.total // PAGE))
        return show(session, "cases/list", "cases", found=found, wish=wish, page=page, pages=pages)


@bp.get("/my/cases/<case_id>")
@called_by(Caller.RESIDENT)
def detail(case_id: str) -> Response:
    """One case; another resident's case does not exist here."""
    with parts().database.read() as session:
        case = _mine(get_case(session, current_login().resident_id, case_id))
        return show(session, "cases/case", "cases", case=case, course=course_of(case), turn=_turn(case))


@bp.get("/my/cases/<case_id>/calendar.ics")
@called_by(Caller.RESIDENT)
def calendar(case_id: str) -> Response:
    """The dates of one case as iCalendar (RFC 5545)."""
    with parts().database.read() as session:
        case = _mine(get_case(session, current_login().resident_id, case_id))
    body = calendar_of(case, plain(case.procedure_title))
    response = Response(body, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="machi-id.ics"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _turn(case: CaseDetail) -> str | None:
    """Who holds the turn: resident, department, third_party, or nobody that the page should name."""
    if waits_for_resident(case.phase, case.waiting_on):
        return "resident"
    return "department" if waits_for_department(case.phase, case.waiting_on) else case.waiting_on


def _mine(case: CaseDetail | None) -> CaseDetail:
    if case is None:
        raise ProblemError(404, "no_such_case", "This application does not exist, or it is not yours.")
    return case
