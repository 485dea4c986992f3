"""Cookies: `__Host-`, Secure, HttpOnly, SameSite=Lax wherever the issuer is https.

On an http issuer (demo, test suites on localhost) browsers and test drivers refuse or drop such cookies, so the plain name is used.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from flask import Response, g, request

from ..context import parts
from ..ids import is_secret, new_secret
from ..settings import Settings
from ..vault import digest

SESSION = "machi_session"
BROWSER = "machi_browser"
LANGUAGE = "machi_lang"
NO_COOKIE = "Signing in needs a cookie, and your browser sent none. Allow cookies for this site (private windows and strict settings may block them), then go back to the app and press sign in again. If somebody sent you this link, do not use it."  # noqa: E501
"""What somebody is told whose browser brings back none of ours."""


def cookie_name(name: str) -> str:
    """Its own for each path of a host, where several installations may live: their cookies are for the whole host (decision 0031)."""
    settings = parts().settings
    return _named(name, settings.path, settings.secure)


def session_cookie(settings: Settings) -> str:
    """What the login's cookie is called, outside of a request."""
    return _named(SESSION, settings.path, settings.secure)


@lru_cache(maxsize=256)
def _named(name: str, path: str, secure: bool) -> str:
    own = name + path.replace("/", "~")
    return f"__Host-{own}" if secure else own


def get_cookie(name: str) -> str | None:
    """A cookie's value as it was sent. Ours are never quoted or escaped, so the header need not be parsed for all of them."""
    wanted = cookie_name(name) + "="
    for pair in str(request.environ.get("HTTP_COOKIE", "")).split(";"):
        if (found := pair.strip()).startswith(wanted):
            return found[len(wanted) :]
    return None


def set_cookie(
    response: Response, name: str, value: str, max_age: int | None, same_site: Literal["Lax", "Strict"] = "Lax"
) -> None:
    """Set one of our cookies for the whole site; `max_age` in seconds, None for the browser session."""
    if name == SESSION:
        g.login_cookie_changes = True
    response.set_cookie(
        cookie_name(name),
        value,
        max_age=max_age,
        path="/",
        secure=parts().settings.secure,
        httponly=True,
        samesite=same_site,
    )


def clear_cookie(response: Response, name: str) -> None:
    set_cookie(response, name, "", 0)


def browser_secret() -> str:
    """A random value that names this browser (not a person). Made when there is none; sent by `keep_browser`.

    Sign-in attempts are tied to it, so that nobody can be made to finish somebody else's, and CSRF tokens are derived from it.
    """
    if not hasattr(g, "browser_secret"):
        found = get_cookie(BROWSER)
        g.browser_is_new = found is None or not is_secret(found)
        g.browser_secret = new_secret() if g.browser_is_new else found
    return str(g.browser_secret)


def browser_digest() -> str:
    """The stored form of `browser_secret`."""
    return digest(browser_secret())


def keep_browser(response: Response) -> Response:
    """`after_request`: send the browser cookie if this request made one."""
    if g.get("browser_is_new"):
        set_cookie(response, BROWSER, g.browser_secret, 180 * 86400)
    return response
