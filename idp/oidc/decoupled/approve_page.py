"""/approve: what departments ask of the signed-in resident right now (CIBA), each to be allowed or refused."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ...audit import AuditEventType, record
from ...foundation import clock
from ...foundation.web.callers import Caller, called_by
from ...foundation.web.errors import ProblemError
from ...foundation.web.home import start_url
from ...logins import Login, current_login, levels
from ...signin import attempts
from ..resources import still_allowed
from ..server import provider
from .approvals import waiting_for
from .ciba_ping import queue_ping
from .device_page import asked_of
from .model import BackchannelRequest
from .waiting import approve, deny

bp = Blueprint("approve", __name__)


@bp.get("/approve")
@called_by(Caller.RESIDENT)
def waiting() -> Response:
    """The list, newest first."""
    op, login = provider(), current_login()
    now = clock.now()
    with op.parts.database.read() as session:
        questions: list[dict[str, Any]] = []
        for row in waiting_for(session, login.resident_id):
            client = op.clients.get(row.client_id)
            if client is None:
                continue
            questions.append(
                {
                    **asked_of(op, session, client, login, row),
                    "request_id": row.request_id,
                    "binding_message": row.binding_message,
                    "minutes": int((now - row.created_at).total_seconds() // 60),
                    "stronger": not level_reached(row, login),
                    "answer_url": url_for("approve.answer", request_id=row.request_id),
                }
            )
    html = render_template(
        "oidc/approve.html",
        questions=questions,
        answered=request.args.get("answered"),
        home_url=start_url(),
    )
    return Response(html, content_type="text/html; charset=utf-8")


@bp.post("/approve/<request_id>")
@called_by(Caller.RESIDENT)
def answer(request_id: str) -> ResponseReturnValue:
    """Allow or refuse one. A level that the login does not reach leads to signing in again first."""
    op, login = provider(), current_login()
    decision = request.form.get("decision")
    with op.parts.database.read() as session:
        row = next((r for r in waiting_for(session, login.resident_id) if r.request_id == request_id), None)
    client = op.clients.get(row.client_id) if row is not None else None
    allowing = decision == "allow"
    if row is None or client is None or (allowing and not still_allowed(op, client, row.resource, row.scope)):
        raise ProblemError(410, "request_over", "This request has ended. The department can ask you again.")
    if allowing and not level_reached(row, login):
        with op.parts.database.write() as session:
            attempt_id = attempts.begin(session, url_for("approve.waiting"))
        return redirect(url_for("signin.start", attempt_id=attempt_id), 303)
    if decision not in ("allow", "deny"):
        return redirect(url_for("approve.waiting"), 303)
    with op.parts.database.write() as session:
        done = approve(session, op.parts.settings, row, client, login) if allowing else deny(session, row)
        if done:
            kind = AuditEventType.APPROVAL_GIVEN if allowing else AuditEventType.APPROVAL_REFUSED
            record(session, kind, resident_id=login.resident_id, client_id=client.client_id)
            queue_ping(session, row)
    if not done:
        raise ProblemError(410, "request_over", "This request has ended. The department can ask you again.")
    op.parts.worker.wake()
    return redirect(url_for("approve.waiting", answered=decision), 303)


def level_reached(row: BackchannelRequest, login: Login) -> bool:
    """Whether the login reaches one of the levels the request asks for."""
    wanted = row.acr_values.split()
    return not wanted or any(levels.reaches((login.ial, login.aal), value) for value in wanted)
