"""Where staff go from their sign-in: each room that has pages for them puts its entrance here."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Flask, current_app, request
from flask_babel import LazyString
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RoutingException

from ..foundation.web.callers import Caller, caller_of
from .roles import Duty
from .sessions import StaffLogin


@dataclass(frozen=True)
class Entrance:
    """The first page of a desk, and the duties that it is for."""

    endpoint: str
    title: LazyString
    duties: tuple[Duty, ...]


def add_entrance(app: Flask, endpoint: str, title: LazyString, *duties: Duty) -> None:
    """Put it on the first page of whoever has one of `duties`."""
    app.extensions.setdefault("machi_staff_entrances", []).append(Entrance(endpoint, title, duties))


def entrances(login: StaffLogin) -> list[Entrance]:
    """Those that are open to this member of staff."""
    return [e for e in current_app.extensions.get("machi_staff_entrances", []) if login.may(*e.duties)]


def leads_to_staff(target: str) -> bool:
    """Whether a path of ours is a page for staff: a sign-in of theirs leads to no other."""
    path = urlsplit(target).path.removeprefix(request.script_root)
    try:
        endpoint, _ = current_app.url_map.bind("").match(path, method="GET")
    except (HTTPException, RoutingException):
        return False
    return caller_of(current_app, endpoint) is Caller.STAFF
