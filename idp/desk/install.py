"""Puts the desk on an application."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from flask_babel import lazy_gettext

from ..foundation.web.static_files import add_static
from ..staff import add_entrance
from . import (
    app_acts,
    apps_pages,
    home,
    keys_pages,
    log_pages,
    policy_pages,
    staff_pages,
)
from .menu import DUTIES


def install(app: Flask) -> None:
    """Call once, after the web shell and the protocol are on `app`."""
    add_static("desk", Path(__file__).parent / "static")
    for module in (home, apps_pages, app_acts, policy_pages, keys_pages, log_pages, staff_pages):
        app.register_blueprint(module.bp)
    add_entrance(app, "desk.home", lazy_gettext("Apps, keys, record and staff of Machi ID"), *DUTIES)
