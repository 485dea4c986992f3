"""Looking at a resident's notices."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session, defer

from idp.front.credentials import find_credential

from .. import stored_json
from ..cases import Case
from ..departments import sender_names
from ..text import Localised, like_pattern
from .model import OF_SECURITY, Notice
from .rows import NoticeDetail, NoticeList, NoticeRow
from .security_words import security_body, security_title
from .visible import visible
from .wording import derived_body, derived_title

SHOWN_ON_HOME = 5

__all__ = ["NoticeDetail", "NoticeList", "NoticeRow", "get_notice", "list_notices"]


def list_notices(
    session: Session,
    resident_id: str,
    *,
    unread: bool | None = None,
    important: bool | None = None,
    query: str = "",
    limit: int = 50,
    offset: int = 0,
) -> NoticeList:
    """Notices, the newest first. `important`: high importance, emergencies, and what is to be done or confirmed."""
    wanted: list[ColumnElement[bool]] = visible(resident_id)
    if unread is not None:
        wanted.append(Notice.opened_at.is_(None) if unread else Notice.opened_at.is_not(None))
    if important is not None:
        weighty = or_(
            Notice.importance == "high",
            Notice.kind == "emergency",
            and_(Notice.requires_ack, Notice.acknowledged_at.is_(None)),
        )
        wanted.append(weighty if important else ~weighty)
    if query.strip():
        wanted.append(Notice.words.like(like_pattern(query), escape="\\"))
    total, new = session.execute(
        select(func.count(), func.coalesce(func.sum(case((Notice.opened_at.is_(None), 1), else_=0)), 0)).where(*wanted)
    ).one()
    found = session.execute(
        _with_case()
        .options(defer(Notice.words), defer(Notice.body))
        .where(*wanted)
        .order_by(Notice.published_at.desc(), Notice.notice_id)
        .limit(max(1, min(limit, 200)))
        .offset(max(0, offset))
    ).all()
    names = sender_names(session, (notice.client_id for notice, _ in found))
    return NoticeList([NoticeRow(**_fields(n, case_id, names)) for n, case_id in found], int(total), int(new))


def get_notice(session: Session, resident_id: str, notice_id: str) -> NoticeDetail | None:
    """The notice with its text; None if it is not on this resident's page (now)."""
    found = session.execute(_with_case().where(Notice.notice_id == notice_id, *visible(resident_id))).first()
    if found is None:
        return None
    notice, case_id = found
    fields = _fields(notice, case_id, sender_names(session, [notice.client_id]))
    params = notice.params or {}
    if notice.template not in OF_SECURITY:
        return NoticeDetail(**fields, body=derived_body(params) if notice.template else notice.body or {})
    credential = stored_json.text(params.get("credential"))
    return NoticeDetail(
        **fields,
        body=security_body(notice.template, params),
        about=notice.template,
        about_client=stored_json.text(params.get("client_id")),
        about_credential=find_credential(session, resident_id, credential) if credential else None,
        disowned_at=notice.disowned_at,
    )


def _with_case() -> Select[Notice, str]:
    """Notices with the id of the case they are about, if it is one of the same resident and department."""
    same = and_(
        Case.client_id == Notice.client_id,
        Case.subject == Notice.related_case,
        Case.resident_id == Notice.resident_id,
    )
    return select(Notice, Case.case_id).outerjoin(Case, same)


def _title(notice: Notice) -> Localised:
    params = notice.params or {}
    if notice.template in OF_SECURITY:
        return security_title(notice.template, params)
    title: Localised = derived_title(notice.template, params) if notice.template else notice.title or {}
    return title


def _fields(notice: Notice, case_id: str | None, names: dict[str | None, Localised]) -> dict[str, Any]:
    return {
        "notice_id": notice.notice_id,
        "client_id": notice.client_id,
        "department": names[notice.client_id],
        "kind": notice.kind,
        "importance": notice.importance,
        "title": _title(notice),
        "published_at": notice.published_at,
        "act_by": notice.act_by,
        "expires_at": notice.expires_at,
        "opened_at": notice.opened_at,
        "acknowledged_at": notice.acknowledged_at,
        "requires_ack": notice.requires_ack,
        "related_case_id": case_id,
        "derived": notice.template is not None,
    }


def count_unread(resident_id: str) -> Select[int]:
    """How many notices a resident has not opened."""
    return select(func.count()).select_from(Notice).where(*visible(resident_id), Notice.opened_at.is_(None))


def on_home(session: Session, resident_id: str) -> dict[str, Any]:
    """The newest unread notices."""
    return {"notices": list_notices(session, resident_id, unread=True, limit=SHOWN_ON_HOME)}
