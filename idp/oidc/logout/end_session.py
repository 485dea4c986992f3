"""RP-initiated logout (OIDC RP-Initiated Logout 1.0), and signing out from our own pages. Never a dead end: a wrong hint or address
gives a kind page with a way home, and only a proven one a redirect.
"""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from ...foundation import clock
from ...foundation.web import cookies
from ...foundation.web.callers import Caller, called_by
from ...foundation.web.home import start_url
from ...foundation.web.language import language, prefer
from ...foundation.web.leaving import by_page, way_leads_to
from ...logins import Login, current_login_or_none, end_sessions
from ..clients import clients_by_id
from ..grants.model import SessionClient
from ..server import ParameterError, provider, single_parameters
from ..tokens import TokenError, read_hint
from .frontchannel_logout import frames_of
from .logout_reference import REFERENCE, LogoutRequest, read_reference, refer_to
from .logout_report import deliveries_since
from .signed_out import Ended, signed_out_page

bp = Blueprint("end_session", __name__)
log = logging.getLogger("machi.oidc")


@bp.route("/logout", methods=["GET", "POST"])
@called_by(Caller.ANYONE)
def logout() -> ResponseReturnValue:
    """An app asks to sign the resident out."""
    asked = check_logout_request()
    if request.method == "POST":
        # A form from another site comes without our (SameSite=Lax) cookies; coming back by GET it has them.
        return redirect(
            f"{url_for('end_session.logout')}?{urlencode({REFERENCE: refer_to(asked), **_language()})}", 303
        )
    login = current_login_or_none()
    if login is None:
        return _to_client(asked) or _signed_out(Ended(), asked)
    if asked.hinted and asked.sid is not None and asked.sid in _sids(login):
        # The hint proves that the app speaks of this very login, so no question is needed.
        return end_login(login, asked)
    return _confirm_page(login, asked)


@bp.post("/logout/confirm")
@called_by(Caller.BROWSER)
def confirm() -> ResponseReturnValue:
    """The resident pressed sign out on our question page."""
    login = current_login_or_none()
    asked = check_logout_request()
    if asked.return_to is not None:
        way_leads_to(asked.return_to)
    return by_page(end_login(login, asked) if login is not None else (_to_client(asked) or _signed_out(Ended(), asked)))


@bp.post("/signout")
@called_by(Caller.BROWSER)
def signout() -> ResponseReturnValue:
    """Sign out from our own pages."""
    login = current_login_or_none()
    return end_login(login, LogoutRequest()) if login is not None else _signed_out(Ended(), LogoutRequest())


def check_logout_request() -> LogoutRequest:
    """Hint, client and address, each believed only when proven (§2, §3). Never raises."""
    op = provider()
    try:
        parameters = single_parameters(
            request.query_string
            if request.method == "GET"
            else urlencode(list(request.form.items(multi=True))).encode()
        )
    except ParameterError:
        return LogoutRequest()
    prefer(parameters.get("ui_locales"))
    if REFERENCE in parameters:
        return read_reference(parameters[REFERENCE]) or LogoutRequest()
    claims: dict[str, Any] = {}
    if hint := parameters.get("id_token_hint"):
        try:
            claims = read_hint(op, hint)
        except TokenError:
            log.info("logout with an id_token_hint that is not ours")
            return LogoutRequest()
    client_id = parameters.get("client_id")
    if claims and client_id is not None and claims.get("aud") != client_id:
        return LogoutRequest()
    client = op.clients.get(client_id or claims.get("aud"))
    uri = parameters.get("post_logout_redirect_uri")
    registered = client is not None and uri is not None and client.check_post_logout_redirect_uri(uri)
    return_to = None
    # Without a hint nothing proves who asks; the address is then used only after the resident has confirmed.
    if client is not None and uri is not None and registered:
        state = parameters.get("state")
        return_to = uri + (("&" if "?" in uri else "?") + urlencode({"state": state}) if state else "")
    return LogoutRequest(client, return_to, claims.get("sid"), bool(claims))


def end_login(login: Login, asked: LogoutRequest) -> ResponseReturnValue:
    """End the login, tell the apps, and go where the request may lead."""
    op = provider()
    apps, begun = _apps_of(login), clock.now()
    with op.parts.database.write() as session:
        frames = frames_of(session, op.parts.settings.issuer, login.session_id)
        end_sessions(session, [login.session_id], by="resident" if asked.client is None else "app")
        ended = Ended(apps, frames, deliveries_since(session, login.session_id, begun))
    # Frames need a page to stand on; it leads on to the app by itself.
    answer = (None if frames else _to_client(asked)) or _signed_out(ended, asked)
    cookies.clear_cookie(answer, cookies.SESSION)
    return answer


def _language() -> dict[str, str]:
    wanted = request.values.getlist("ui_locales")
    return {"ui_locales": wanted[0]} if len(wanted) == 1 else {}


def _signed_out(ended: Ended, asked: LogoutRequest) -> Response:
    name = asked.client.name(language()) if asked.client is not None else None
    return signed_out_page(ended, asked.return_to if _proven(asked) else None, name)


def _confirm_page(login: Login, asked: LogoutRequest) -> Response:
    if asked.return_to is not None:
        way_leads_to(asked.return_to)
    html = render_template(
        "signin/signout_confirm.html",
        confirm_url=url_for("end_session.confirm"),
        cancel_url=start_url(),
        apps=_apps_of(login),
        client_name=asked.client.name(language()) if asked.client is not None else None,
        hidden_fields={REFERENCE: refer_to(asked), **_language()} if asked.client else {},
    )
    return Response(html, content_type="text/html; charset=utf-8")


def _to_client(asked: LogoutRequest) -> Response | None:
    """Only with a proven address; with a hint, or after the resident's own confirmation."""
    if asked.return_to is None or not _proven(asked):
        return None
    return redirect(asked.return_to, 303)  # type: ignore[return-value]


def _proven(asked: LogoutRequest) -> bool:
    return asked.hinted or request.endpoint == "end_session.confirm"


def _sids(login: Login) -> set[str]:
    with provider().parts.database.read() as session:
        return set(session.scalars(select(SessionClient.sid).where(SessionClient.session_id == login.session_id)))


def _apps_of(login: Login) -> list[str]:
    with provider().parts.database.read() as session:
        ids = list(session.scalars(select(SessionClient.client_id).where(SessionClient.session_id == login.session_id)))
        return sorted(c.name(language()) for c in clients_by_id(session, ids).values())
