"""The record of events in sentences, newest first, filtered."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import orjson
from flask import Blueprint, Response, request
from sqlalchemy import select

from ..audit import AuditEvent, AuditEventType
from ..foundation.clock import CITY_ZONE
from ..foundation.context import parts
from ..oidc.clients import CLIENT_ID
from ..staff import Duty, require_staff
from .log_names import look_up
from .log_sentences import kinds, told
from .page import show
from .refused import refused_lately, sentence

bp = Blueprint("desk_log", __name__, url_prefix="/desk/log")

PAGE = 100
TYPES = tuple(sorted(e.stored for e in AuditEventType))


@bp.get("")
@require_staff(Duty.RECORD)
def index() -> Response:
    """Events of a type, an app, a day; `before` is the id the page ends before."""
    kind, app = request.args.get("type", ""), request.args.get("app", "").strip()
    day, before = request.args.get("day", ""), request.args.get("before", "")
    wanted = select(AuditEvent).order_by(AuditEvent.id.desc()).limit(PAGE + 1)
    if kind in TYPES:
        wanted = wanted.where(AuditEvent.type == kind)
    if app:
        wanted = wanted.where(AuditEvent.client_id == (app if CLIENT_ID.fullmatch(app) else ""))
    if (chosen := _day(day)) is not None:
        begin = datetime(chosen.year, chosen.month, chosen.day, tzinfo=CITY_ZONE)
        wanted = wanted.where(AuditEvent.at >= begin, AuditEvent.at < begin + timedelta(days=1))
    if before.isascii() and before.isdigit() and len(before) < 19:
        wanted = wanted.where(AuditEvent.id < int(before))
    with parts().database.read() as session:
        rows = list(session.scalars(wanted))
        found = [(row, orjson.loads(row.facts)) for row in rows[:PAGE]]
        names = look_up(session, found)
    events = [(row, facts, told(row, facts, names)) for row, facts in found]
    older = rows[PAGE - 1].id if len(rows) > PAGE else None
    return show("log", "log", events=events, kinds=kinds(), kind=kind, app=app, day=day, older=older)


@bp.get("/refused")
@require_staff(Duty.RECORD)
def unnamed() -> Response:
    """What was refused lately and belongs to no app's page."""
    with parts().database.read() as session:
        found = refused_lately(session, None)
    return show("refused", "log", refused=[(kind, sentence(kind.error)) for kind in found])


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1970 <= day.year < 9999 else None
