"""ホーム: whose turn it is, what moved, what matters."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, url_for
from flask.typing import ResponseReturnValue

from idp.front.apps import apps_with_access
from idp.front.logins import current_login
from idp.front.people import resident_profile
from idp.front.storage import parts
from idp.front.web import Caller, called_by, linkable_url

from .. import formatting
from ..families import families
from ..page import asked_for_fragment, show

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
        sections = sorted((f.on_home for f in families() if f.on_home is not None), key=lambda section: section.place)
        values: dict[str, Any] = {"sections": sections}
        for section in sections:
            values |= section.read(session, resident_id)
        if not asked_for_fragment():
            values |= {
                "greeting": formatting.greeting(resident_profile(session, resident_id).name),
                "apps": [app for app in apps_with_access(session, resident_id) if linkable_url(app.start_uri)],
            }
        return show(session, "home/home", "home", **values)
