"""Every route declares who may call it; an undeclared route cannot be registered.

`@called_by(Caller.RESIDENT)` on a view is the whole declaration: the guard of that caller runs before the view, and the CSRF check
runs for every caller that a browser's cookies speak for.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar

from flask import Flask, current_app, request
from flask.typing import ResponseReturnValue


class Caller(Enum):
    """Who a route is for."""

    ANYONE = "anyone"
    """Public, and without effect on anybody's session (documents, discovery, health)."""
    BROWSER = "browser"
    """A person's browser, signed in or not; unsafe methods need the CSRF token."""
    RESIDENT = "resident"
    """A signed-in resident; unsafe methods need the CSRF token."""
    STAFF = "staff"
    """A member of staff at the desk, with a role that the view names; unsafe methods need the CSRF token."""
    CLIENT = "client"
    """A registered client that authenticates itself at this endpoint (RFC 6749 §2.3), or a public one naming itself."""
    BEARER = "bearer"
    """Whoever holds an access token that the view checks (RFC 6750)."""
    CEREMONY = "ceremony"
    """A form sent by another site with a one-time handle that the view checks (the card reader's answer)."""


Guard = Callable[[], ResponseReturnValue | None]
View = TypeVar("View", bound=Callable[..., Any])

BY_COOKIE = (Caller.BROWSER, Caller.RESIDENT, Caller.STAFF)


def called_by(caller: Caller) -> Callable[[View], View]:
    """Declare the caller of a view."""

    def mark(view: View) -> View:
        view.__machi_caller__ = caller  # type: ignore[attr-defined]
        return view

    return mark


def caller_of(app: Flask, endpoint: str | None) -> Caller | None:
    """The declared caller of an endpoint."""
    if endpoint is None:
        return None
    if endpoint == "static" or endpoint.endswith(".static"):
        return Caller.ANYONE
    found = getattr(app.view_functions.get(endpoint), "__machi_caller__", None)
    return found if isinstance(found, Caller) else None


def guard(app: Flask, caller: Caller, check: Guard) -> None:
    """Have `check` run before every view of `caller`; what it returns (not None) is the answer instead."""
    app.extensions.setdefault("machi_guards", {}).setdefault(caller, []).append(check)


def enforce() -> ResponseReturnValue | None:
    """The `before_request` of the application."""
    app, endpoint = current_app, request.endpoint
    if endpoint is None:
        return None
    caller = caller_of(app, endpoint)
    if caller is None:
        raise RuntimeError(f"route {endpoint} declares no caller")
    for check in app.extensions.get("machi_guards", {}).get(caller, ()):
        answer: ResponseReturnValue | None = check()
        if answer is not None:
            return answer
    return None


def undeclared(app: Flask) -> list[str]:
    """Endpoints that declare no caller. Not empty means the application refuses to start."""
    return sorted({r.endpoint for r in app.url_map.iter_rules() if caller_of(app, r.endpoint) is None})
