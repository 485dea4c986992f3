"""Protection of forms against requests that other sites forge."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlsplit

from flask import Flask, abort, request

from .browser import browser_secret
from .config import Settings

FIELD = "csrf_token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def token(key: bytes, settings: Settings) -> str:
    """The token for forms: bound to this browser and to its session, so it changes at sign-in."""
    session = request.cookies.get(settings.cookie("session"), "")
    message = f"csrf\0{browser_secret(settings)}\0{session}".encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def foreign_origin(settings: Settings) -> bool:
    """Whether the browser itself says that the request comes from another origin."""
    origin = request.headers.get("Origin")
    if origin is not None and origin != "null":
        own = urlsplit(settings.base_url)
        return origin.lower() != f"{own.scheme}://{own.netloc}".lower()
    return request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}


def install(app: Flask, settings: Settings, key: bytes, exempt: set[str]) -> None:
    """Refuse (400) every unsafe request without a valid token, but for the endpoints in `exempt`."""

    @app.before_request
    def check_form() -> None:
        if request.method in SAFE or request.endpoint in exempt or request.endpoint is None:
            return
        given = request.form.get(FIELD, "")
        if foreign_origin(settings) or not hmac.compare_digest(given.encode(), token(key, settings).encode()):
            abort(400, "csrf")

    app.jinja_env.globals["csrf_token"] = lambda: token(key, settings)
