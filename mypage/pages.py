"""Puts the resident's pages on the application."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from idp.front.web import add_static

from . import formatting, page
from .account import BLUEPRINTS as ACCOUNT
from .families import families
from .home import bp as home


def install_pages(app: Flask) -> None:
    """Register the pages, their static files and the words their templates use."""
    add_static("mypage", Path(__file__).parent / "static")
    page.install_mark(app)
    for helper in formatting.TEMPLATE_GLOBALS:
        app.add_template_global(helper)
    of_families = [bp for family in families() for bp in family.pages]
    for bp in (page.bp, home, *of_families, *ACCOUNT):
        app.register_blueprint(bp)
