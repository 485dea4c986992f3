"""お知らせ: the list, one notice, and the word that it was read."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.front.apps import end_app_access
from idp.front.credentials import say_not_me
from idp.front.logins import current_login, renew_login
from idp.front.storage import parts
from idp.front.web import Caller, ProblemError, called_by

from ..page import page_number, show
from .open import acknowledge, mark_disowned, mark_opened
from .read import NoticeDetail, get_notice, list_notices

PAGE = 20
FILTERS = ("all", "unread", "important")

bp = Blueprint("my_notices", __name__, template_folder="templates")


@bp.get("/my/notices")
@called_by(Caller.RESIDENT)
def index() -> Response:
    """Notices, newest first; `?show=all|unread|important &q= &page=`."""
    kind = request.args.get("show", "all")
    kind = kind if kind in FILTERS else "all"
    query = request.args.get("q", "").strip()[:100]
    page = page_number()
    with parts().database.read() as session:
        found = list_notices(
            session,
            current_login().resident_id,
            unread=True if kind == "unread" else None,
            important=True if kind == "important" else None,
            query=query,
            limit=PAGE,
            offset=(page - 1) * PAGE,
        )
        pages = max(1, -(-found.total // PAGE))
        return show(session, "notices/list", "notices", found=found, kind=kind, query=query, page=page, pages=pages)


@bp.get("/my/notices/<notice_id>")
@called_by(Caller.RESIDENT)
def detail(notice_id: str) -> Response:
    """One notice; showing it is what makes it opened."""
    resident_id = current_login().resident_id
    with parts().database.read() as session:
        notice = get_notice(session, resident_id, notice_id)
    if notice is None:
        raise ProblemError(404, "no_such_notice", "This notice does not exist, has expired, or is not yours.")
    if notice.opened_at is None:
        with parts().database.write() as session:
            mark_opened(session, resident_id, notice_id)
        parts().worker.wake()
    with parts().database.read() as session:
        return show(session, "notices/notice", "notices", notice=notice)


@bp.post("/my/notices/<notice_id>/acknowledge")
@called_by(Caller.RESIDENT)
def confirm(notice_id: str) -> ResponseReturnValue:
    """The resident says that they have taken note."""
    resident_id = current_login().resident_id
    with parts().database.write() as session:
        if get_notice(session, resident_id, notice_id) is None:
            raise ProblemError(404, "no_such_notice", "This notice does not exist, has expired, or is not yours.")
        acknowledge(session, resident_id, notice_id)
    parts().worker.wake()
    return redirect(url_for("my_notices.detail", notice_id=notice_id), 303)


@bp.get("/my/notices/<notice_id>/not-me")
@called_by(Caller.RESIDENT)
def confirm_not_me(notice_id: str) -> ResponseReturnValue:
    """What "this was not me" will do; where there is a passkey or card to stop, the settings do it."""
    with parts().database.read() as session:
        notice = _about_security(get_notice(session, current_login().resident_id, notice_id))
        if notice.about_credential is not None and notice.about != "passkey_removed":
            mine = notice.about_credential.credential_id
            return redirect(url_for("my_credentials.confirm", credential_id=mine, act="hold"), 303)
        return show(session, "notices/not_me", "notices", notice=notice)


@bp.post("/my/notices/<notice_id>/not-me")
@called_by(Caller.RESIDENT)
def not_me(notice_id: str) -> ResponseReturnValue:
    """End every other login, and all that the app has which the notice is about. The second press does nothing.

    Without a fresh sign-in: it only ends what the settings end without one, and it must be quick.
    """
    login = current_login()
    with parts().database.write() as session:
        notice = _about_security(get_notice(session, login.resident_id, notice_id))
        if mark_disowned(session, login.resident_id, notice_id):
            say_not_me(session, login, str(notice.about), notice.about_client)
            if notice.about_client is not None:
                end_app_access(session, login.resident_id, notice.about_client)
        answer = renew_login(session, redirect(url_for("my_notices.detail", notice_id=notice_id), 303))
    parts().worker.wake()
    return answer


def _about_security(notice: NoticeDetail | None) -> NoticeDetail:
    if notice is None or notice.about is None:
        raise ProblemError(404, "no_such_notice", "This notice does not exist, has expired, or is not yours.")
    return notice
