"""Puts the resident's pages on the application."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from idp.front.web import add_static

from . import page, shown
from .account import credential_pages as credentials
from .account import pages as account
from .cases import pages as cases
from .home import pages as home
from .notices import pages as notices
from .tasks import pages as tasks


def install_pages(app: Flask) -> None:
    """Register the pages, their static files and the words their templates use."""
    add_static("mypage", Path(__file__).parent / "static")
    for helper in shown.TEMPLATE_GLOBALS:
        app.add_template_global(helper)
    for room in (page, home, cases, notices, tasks, account, credentials):
        app.register_blueprint(room.bp)
