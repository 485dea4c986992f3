"""Puts my page on the application, above the provider: the events API, the live stream, the pages."""

from __future__ import annotations

from flask import Flask
from flask_babel import lazy_gettext

from idp.front.storage import cleans_up, parts
from idp.front.web import Home

from . import registered  # noqa: F401 - the families
from .approvals import install_approvals
from .delivery import subscribed  # noqa: F401 - the channels
from .delivery.live.fanout import install_fanout
from .delivery.live.look import install_look
from .delivery.live.stream import install_stream
from .families import families
from .intake import BLUEPRINTS, forget_receipts
from .notices import install_security_notices
from .pages import install_pages
from .posted import install_channels


def _install(app: Flask) -> None:
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    install_stream(app)
    install_channels(parts(app))
    install_fanout(parts(app))
    install_look(app)
    install_approvals()
    install_security_notices()
    install_pages(app)
    for cleaner in (forget_receipts, *(forget for family in families() for forget in family.forgets)):
        cleans_up(cleaner)


MY_PAGE = Home(
    package="mypage",
    install=_install,
    front="my_home.front",
    start="my_home.home",
    credentials="my_credentials.credentials",
    mine=lazy_gettext("my page"),
    yours=lazy_gettext("your page"),
    ends_apps=True,
    purpose=lazy_gettext("See what the city is doing for you, on one page."),
    holds=lazy_gettext("What the city is already doing for you is on it."),
    tagline=lazy_gettext("Apply, follow and receive: what the city does for you, in one place."),
)
"""What the provider is given of my page (`idp.app.create_app`). Tables are on `idp.Base` once this module is imported."""
