"""What views need: the office and the kit of the app that serves this request."""

from __future__ import annotations

from typing import cast

from flask import abort, current_app

from clients.kit import MachiID, Resident

from .office import Office


def office() -> Office:
    """The office of this app."""
    return cast(Office, current_app.extensions["office"])


def machi() -> MachiID:
    """The kit of this app."""
    return cast(MachiID, current_app.extensions["machi_id"])


def resident() -> Resident:
    """The signed-in resident; 401 if there is none (pages for residents are guarded, so this is a last door)."""
    found = machi().resident
    if found is None:
        abort(401)
    return found
