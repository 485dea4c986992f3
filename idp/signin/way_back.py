"""The way back to the app: on every page and error page of a sign-in attempt, also an expired one (layout/base.html, error.html)."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from flask import Flask, current_app, g, request, url_for

from ..foundation.context import parts
from ..foundation.ids import is_secret
from ..foundation.web.cookies import browser_digest
from . import attempts


@dataclass(frozen=True)
class WayBack:
    """`name` of the app; None for our own pages, where one begins again."""

    href: str
    name: str | None


def install(app: Flask) -> None:
    """Give templates `way_back()`."""
    app.context_processor(lambda: {"way_back": way_back})


def way_back() -> WayBack | None:
    """Of the attempt in this page's address; None where there is none, or nothing is known of it any more."""
    if not hasattr(g, "way_back"):
        g.way_back = _find()
    found: WayBack | None = g.way_back
    return found


def _find() -> WayBack | None:
    attempt_id = str((request.view_args or {}).get("attempt_id", ""))
    if not is_secret(attempt_id):
        return None
    attempt = attempts.of_page(parts().database, attempt_id)
    if attempt is None:
        return None
    own = hmac.compare_digest(attempt.browser_digest, browser_digest())
    if attempt.client_id is None:
        return WayBack(url_for("signin.begin", next=attempt.continue_to), None) if own else None
    found: tuple[str, str] | None = current_app.extensions["machi_way_back"](attempt, own)
    return WayBack(*found) if found is not None else None
