"""Puts the desk on an application."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from ..foundation.web.shell import add_static
from . import (
    app_acts,
    apps_pages,
    home,
    keys_pages,
    log_pages,
    policy_pages,
    staff_pages,
)


def install(app: Flask) -> None:
    """Call once, after the web shell and the protocol are on `app`."""
    add_static("desk", Path(__file__).parent / "static")
    for module in (home, apps_pages, app_acts, policy_pages, keys_pages, log_pages, staff_pages):
        app.register_blueprint(module.bp)
