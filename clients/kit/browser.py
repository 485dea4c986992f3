"""The app's two cookies: `_browser` (one value per browser, before and after sign-in) and `_session`."""

from __future__ import annotations

import secrets

from flask import Flask, Response, g, request
from werkzeug.wrappers import Response as BaseResponse

from .config import Settings


def set_cookie(response: BaseResponse, settings: Settings, kind: str, value: str) -> None:
    """A session cookie: host only, not for scripts, Lax so that the provider's redirect back carries it."""
    response.set_cookie(settings.cookie(kind), value, path="/", httponly=True, secure=settings.secure, samesite="Lax")


def drop_cookie(response: BaseResponse, settings: Settings, kind: str) -> None:
    """Remove the cookie, with the attributes it was set with (browsers insist for `__Host-`)."""
    response.delete_cookie(settings.cookie(kind), path="/", httponly=True, secure=settings.secure, samesite="Lax")


def browser_secret(settings: Settings) -> str:
    """This browser's own random value; made now and set with the answer if it has none."""
    if "kit_browser" not in g:
        value = request.cookies.get(settings.cookie("browser"), "")
        known = 40 <= len(value) <= 64
        g.kit_browser = value if known else secrets.token_urlsafe(32)
        g.kit_browser_is_new = not known
    return str(g.kit_browser)


def install(app: Flask, settings: Settings) -> None:
    """Set the browser cookie with the first answer that needed it."""

    @app.after_request
    def keep_browser(response: Response) -> Response:
        if g.get("kit_browser_is_new"):
            set_cookie(response, settings, "browser", g.kit_browser)
        return response
