"""Puts my page on the application: the events API, the live stream, the pages."""

from __future__ import annotations

from flask import Flask

from idp.front.storage import cleans_up, parts

from . import registered  # noqa: F401 - the families
from .delivery import subscribed  # noqa: F401 - the channels
from .delivery.live import install_fanout, install_look, install_stream
from .families import families
from .intake import BLUEPRINTS, forget_receipts
from .notices import install_security_notices
from .pages import install_pages
from .posted import install_channels


def install(app: Flask) -> None:
    """Call once, after the web shell and the provider are on `app`. Tables are on `idp.Base` once this package is imported."""
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    install_stream(app)
    install_channels(parts(app))
    install_fanout(parts(app))
    install_look(app)
    install_security_notices()
    install_pages(app)
    for cleaner in (forget_receipts, *(forget for family in families() for forget in family.forgets)):
        cleans_up(cleaner)
