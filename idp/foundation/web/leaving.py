"""Leaving a form of ours for an app: by a page that goes on by itself, not by a redirect (decision 0024).

Browsers hold a page's `form-action` against every redirect that follows its form (CSP Level 3 §6.4.1; Chromium does). The app's own
address could be allowed, but not where the app sends the browser on to, a second origin of its or one it stands behind: the press of
a button then silently goes nowhere. What a page does by itself is no submission, and the rule does not follow it.

A native app's own scheme is the end of its way, so there the page's policy names the scheme and the redirect stays: browsers open an
app after a press, not for a page that moves on by itself.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Response, g, make_response, render_template
from flask.typing import ResponseReturnValue

from .headers import allow_form_target


def way_leads_to(url: str) -> None:
    """Say, while making or answering a form, where its way ends: the address of the app that asked."""
    if urlsplit(url).scheme not in ("http", "https"):
        allow_form_target(url)
        g.way_leads_to_native_app = True


def by_page(answer: ResponseReturnValue) -> Response:
    """What answers a form of ours and may lead out of this site: a redirect becomes such a page, cookies kept."""
    response = make_response(answer)
    if response.location is None or "way_leads_to_native_app" in g:
        return response
    page = Response(render_template("layout/leaving.html", target=response.location))
    page.headers.extend([("Set-Cookie", cookie) for cookie in response.headers.getlist("Set-Cookie")])
    return page
