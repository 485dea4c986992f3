"""Cross-site request forgery: a token tied to the browser cookie, and the browser's own word on where a request came from.

Forms carry `csrf_token`, scripts the header `X-CSRF-Token`. A request whose `Origin` or `Sec-Fetch-Site` names another site is
refused whatever it carries.
"""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from ..context import parts
from . import cookies
from .errors import ProblemError

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_PURPOSE = "csrf"


def csrf_token() -> str:
    """The token for pages shown to this browser."""
    return parts().vault.sign(_PURPOSE, cookies.browser_secret())


def csrf_field() -> Markup:
    """The hidden input a form needs."""
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(csrf_token())


def check_csrf() -> ResponseReturnValue | None:
    """Guard of every route a cookie speaks for. Raises a 400 problem."""
    if request.method in SAFE:
        return None
    origin = request.headers.get("Origin")
    if origin is not None and origin != parts().settings.origin:
        raise ProblemError(400, "csrf", "The request came from another site.")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise ProblemError(400, "csrf", "The request came from another site.")
    if cookies.get_cookie(cookies.BROWSER) is None:
        raise ProblemError(400, "csrf", cookies.NO_COOKIE)
    given = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token", "")
    if not parts().vault.signed(_PURPOSE, cookies.browser_secret(), given):
        raise ProblemError(400, "csrf", "The form is too old or incomplete. Go back, reload the page and try again.")
    return None
