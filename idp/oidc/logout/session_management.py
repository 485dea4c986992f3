"""Session management (OIDC Session Management 1.0): a frame in which an app's page can ask whether the login is still the same.

Every app gets `session_state` (§2), since the frame is advertised. The browser state is a value of its own, derived from the login: the
session cookie itself never becomes readable to scripts.
"""

from __future__ import annotations

import hashlib
import secrets
from functools import lru_cache
from urllib.parse import urlsplit

from flask import Blueprint, Response, g, render_template

from ...foundation.web.callers import Caller, called_by
from ...foundation.web.cookies import cookie_name, get_cookie
from ...foundation.web.headers import allow_framing
from ...logins import current_login_or_none
from ..clients import RegisteredClient
from ..server import provider

bp = Blueprint("session_management", __name__, template_folder="templates")

STATE = "machi_state"


def session_state(client: RegisteredClient, redirect_uri: str, session_id: str) -> str:
    """`session_state` of an authorization response (§2). Also has the answer set the browser state that the frame compares with."""
    state = browser_state(session_id)
    g.browser_state = state
    salt = secrets.token_urlsafe(12)
    return f"{state_hash(client.client_id, origin_of(redirect_uri), state, salt)}.{salt}"


def browser_state(session_id: str) -> str:
    """The OP browser state: says nothing about the login but whether it is the same."""
    return provider().parts.vault.sign("browser-state", session_id)


def state_hash(client_id: str, origin: str, state: str, salt: str) -> str:
    """As `check-session.js` computes it: SHA-256 in hex of the four, separated by spaces (§3.1)."""
    return hashlib.sha256(f"{client_id} {origin} {state} {salt}".encode()).hexdigest()


@lru_cache(4096)
def origin_of(uri: str) -> str:
    """An origin as browsers write it: default ports left out."""
    parts = urlsplit(uri)
    default = {"https": 443, "http": 80}.get(parts.scheme)
    port = "" if parts.port in (None, default) else f":{parts.port}"
    host = parts.hostname or ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


@bp.get("/session/check")
@called_by(Caller.ANYONE)
def check() -> Response:
    """The frame (§3.2). Any page may hold it: it shows nothing, and tells an app only about its own `session_state`."""
    login = current_login_or_none()
    if login is None or get_cookie(STATE) != browser_state(login.session_id):
        g.browser_state = ""
    allow_framing()
    html = render_template("oidc/check_session.html", cookie=cookie_name(STATE))
    return Response(html, content_type="text/html; charset=utf-8")


@bp.after_app_request
def keep_state(response: Response) -> Response:
    """Send the browser state that this request made; end it whenever the login's cookie changes."""
    state = g.get("browser_state")
    if state is None:
        if "login_cookie_changes" not in g:
            return response
        state = ""
    if state == (get_cookie(STATE) or ""):
        return response  # nearly always: the browser has it from its first sign-on
    secure = provider().parts.settings.secure
    response.set_cookie(
        cookie_name(STATE),
        state,
        max_age=None if state else 0,
        path="/",
        secure=secure,
        httponly=False,  # the frame's script reads it; it opens nothing
        samesite="None" if secure else "Lax",
    )
    return response
