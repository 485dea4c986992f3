"""ホーム: whose turn it is, what moved, what matters."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, url_for
from flask.typing import ResponseReturnValue

from idp.front.apps import apps_with_access
from idp.front.logins import current_login
from idp.front.people import resident_profile
from idp.front.storage import parts
from idp.front.web import Caller, called_by, web_address

from .. import shown
from ..cases import read as cases
from ..notices import read as notices
from ..page import asked_for_fragment, show
from ..tasks import read as tasks

TASKS_SHOWN = 3
ROWS_SHOWN = 5

bp = Blueprint("my_home", __name__, template_folder="templates")


@bp.get("/")
@called_by(Caller.ANYONE)
def front() -> ResponseReturnValue:
    """The provider's address leads to the resident's page."""
    return redirect(url_for("my_home.home"), 302)


@bp.get("/my/")
@called_by(Caller.RESIDENT)
def home() -> Response:
    """The home page, or its live part."""
    resident_id = current_login().resident_id
    with parts().database.read() as session:
        values = {
            "tasks": tasks.list_tasks(session, resident_id),
            "tasks_shown": TASKS_SHOWN,
            "recent": cases.recent(session, resident_id, limit=ROWS_SHOWN),
            "notices": notices.list_notices(session, resident_id, unread=True, limit=ROWS_SHOWN),
            "silent": cases.silent_departments(session, resident_id),
        }
        if not asked_for_fragment():
            values |= {
                "greeting": shown.greeting(resident_profile(session, resident_id).name),
                "apps": [app for app in apps_with_access(session, resident_id) if web_address(app.start_uri)],
            }
        return show(session, "home/home", "home", **values)
