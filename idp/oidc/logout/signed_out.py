"""The page after signing out: what was ended, which apps are called in frames, and which did not answer."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ...foundation.web.callers import Caller, called_by
from ...foundation.web.headers import allow_frame
from ...foundation.web.home import front_url
from ...foundation.web.language import language
from ..clients import clients_by_id
from ..server import provider
from .logout_report import issue_ticket, read_ticket, report

bp = Blueprint("signed_out", __name__)


@dataclass(frozen=True)
class Ended:
    """What ending a login set going. `apps`: names of those that took part; `frames`: front-channel addresses."""

    apps: list[str] = field(default_factory=list)
    frames: list[str] = field(default_factory=list)
    deliveries: dict[int, str] = field(default_factory=dict)


def signed_out_page(ended: Ended, return_url: str | None, client_name: str | None) -> Response:
    """The end, with a way home. `return_url`: a proven address of the app that asked.

    With frames the page goes on to `return_url` by itself when they have loaded, or after three seconds.
    """
    for frame in ended.frames:
        allow_frame(frame)
    check_url = None
    told = _that_listen(ended.deliveries)
    if told:
        check_url = url_for("signed_out.check", ticket=issue_ticket(provider(), told))
    html = render_template(
        "signin/signed_out.html",
        apps=ended.apps,
        failed_apps=[],
        frames=ended.frames,
        check_url=check_url,
        return_url=return_url,
        go_on=bool(ended.frames and return_url),
        client_name=client_name,
    )
    return Response(html, content_type="text/html; charset=utf-8")


@bp.get("/signed-out")
@called_by(Caller.BROWSER)
def check() -> ResponseReturnValue:
    """How telling the apps went: a fragment for the page's script, a page without script."""
    op = provider()
    deliveries = read_ticket(op, request.args.get("ticket", ""))
    if deliveries is None:
        return redirect(front_url(), 303)
    found = report(op, deliveries)
    fragment = bool(request.headers.get("X-Fragment"))
    unreached = found.failed if fragment else [*found.failed, *found.pending]
    template = "signin/signed_out_report.html" if fragment else "signin/signed_out.html"
    html = render_template(template, apps=[], failed_apps=_names(unreached), frames=[], return_url=None)
    response = Response(html, content_type="text/html; charset=utf-8")
    response.headers["X-Pending"] = str(len(found.pending))
    return response


def _that_listen(deliveries: dict[int, str]) -> dict[int, str]:
    """Only apps with a back-channel address can fail to answer."""
    clients = provider().clients
    found = {i: clients.get(client_id) for i, client_id in deliveries.items()}
    return {i: c.client_id for i, c in found.items() if c is not None and c.metadata.get("backchannel_logout_uri")}


def _names(client_ids: list[str]) -> list[str]:
    with provider().parts.database.read() as session:
        return sorted(c.name(language()) for c in clients_by_id(session, client_ids).values())
