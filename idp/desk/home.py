"""The desk's first page."""

from __future__ import annotations

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from ..foundation.web.callers import Caller, called_by
from ..staff.guard import EVERY_ROLE, open_to
from ..staff.sessions import current
from .page import show

bp = Blueprint("desk", __name__, url_prefix="/desk", template_folder="templates")


@bp.get("/")
@called_by(Caller.STAFF)
@open_to(*EVERY_ROLE)
def home() -> ResponseReturnValue:
    """Administrators go to the apps; other roles are told where they are."""
    if "administrator" in current().roles:
        return redirect(url_for("desk_apps.index"), 303)
    return show("home", "home")
