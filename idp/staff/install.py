"""Puts staff on an application: the guard of their routes, their way in and out."""

from __future__ import annotations

from flask import Flask

from . import (
    cleanup,  # noqa: F401 - registers its cleaner
    guard,
    signin_pages,
)


def install(app: Flask) -> None:
    """Call once, after the web shell is on `app` and before the rooms whose pages are for staff."""
    guard.install_guard(app)
    app.register_blueprint(signin_pages.bp)
