"""What every page of a resident shares: the shell's values, and the fragment a live page asks for."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response, current_app, g, make_response, render_template, request, url_for
from sqlalchemy.orm import Session

from idp.front.apps import approvals_waiting
from idp.front.logins import current_login
from idp.front.people import resident_profile
from idp.front.storage import parts
from idp.front.web import Caller, ProblemError, called_by, guard

from .navigation import counts, entries

bp = Blueprint("my", __name__, template_folder="templates")


def install_mark(app: Flask) -> None:
    """Have each page know up to where in the journal it has everything."""

    def remember() -> None:
        # Before the view reads anything: what it then finds is at least as new.
        g.live_after = parts().journal.mark()

    guard(app, Caller.RESIDENT, remember)


def asked_for_fragment() -> bool:
    """Whether the live script asks for the changing part of this page only."""
    return request.headers.get("X-Fragment") == "1"


def _templates() -> list[str]:
    return current_app.extensions.setdefault("machi_my_templates", current_app.jinja_env.list_templates())  # type: ignore[no-any-return]


def waiting_counts(session: Session) -> dict[str, int]:
    """The numbers in the navigation."""
    return counts(session, current_login().resident_id)


def show(session: Session, template: str, entry: str, **values: Any) -> Response:
    """The page `mypage/<template>.html`, or only its part `mypage/<template>_part.html` when the live script asks and there is one."""
    part = f"mypage/{template}_part.html"
    if asked_for_fragment() and part in _templates():
        return make_response(render_template(part, entry=entry, **values))
    login = current_login()
    return make_response(
        render_template(
            f"mypage/{template}.html",
            entry=entry,
            entries=entries(),
            badges=waiting_counts(session),
            approvals=approvals_waiting(session, login.resident_id),
            approvals_fragment_url=url_for("my.approvals"),
            live_url=url_for("live.live"),
            live_after=g.live_after,
            nav_fragment_url=url_for("my.navigation", entry=entry),
            logout_url=url_for("end_session.signout"),
            resident_name=resident_profile(session, login.resident_id).name,
            **values,
        )
    )


def page_number() -> int:
    """`?page=` from 1; anything else is the first."""
    asked = request.args.get("page", "1")
    return min(int(asked), 10_000) if asked.isascii() and asked.isdigit() and asked != "0" else 1


@bp.get("/my/navigation")
@called_by(Caller.RESIDENT)
def navigation() -> Response:
    """The navigation with its numbers, for the live script."""
    entry = request.args.get("entry", "home")
    if entry not in {known.name for known in entries()}:
        raise ProblemError(404, "no_such_entry", "This page does not exist")
    with parts().database.read() as session:
        return make_response(
            render_template(
                "mypage/layout/navigation.html", entry=entry, entries=entries(), badges=waiting_counts(session)
            )
        )


@bp.get("/my/approvals")
@called_by(Caller.RESIDENT)
def approvals() -> Response:
    """What departments are asking right now, for the live script."""
    with parts().database.read() as session:
        count = approvals_waiting(session, current_login().resident_id)
    return make_response(render_template("mypage/layout/approvals.html", approvals=count))
