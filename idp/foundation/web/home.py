"""What the provider is given of the residents' pages above it: where its own pages lead when they are done, and how they are called.

`idp.app.create_app` takes one such value. Without one the provider stands alone on a page of its own (`oidc/access/plain_home.py`),
which is a `Home` like any other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app, url_for

Text = object
"""A text, or a lazy one (`lazy_gettext`)."""


@dataclass(frozen=True)
class Home:
    """`front`, `start` and `credentials` are endpoints without parameters (`url_for`)."""

    package: str
    """The Python package that the pages are: its `translations/` count, and its exceptions may say in a log what they say."""
    install: Callable[[Flask], None]
    """Puts the pages on the application, after everything of the provider."""
    front: str
    """For anybody, signed in or not."""
    start: str
    """Where a resident is who has just signed in and came for nothing else."""
    credentials: str
    """Where a resident sees the ways to sign in."""
    mine: Text
    """The name within a sentence, as the resident says it ("To my account")."""
    yours: Text
    """The same as we say it ("You will be signed out of your account")."""
    ends_apps: bool = False
    """Whether a resident ends an app's access there, under "Settings"."""
    purpose: Text = ""
    """A sentence on the sign-in page of whoever comes for these pages."""
    holds: Text = ""
    """A sentence for the first time: what is there already."""
    tagline: Text = ""
    """What stands beside the sign-in on a wide screen."""


def set_home(app: Flask, home: Home) -> None:
    """Once, while `app` is built. Templates know it as `home_page`."""
    app.extensions["machi_home"] = home
    app.jinja_env.globals["home_page"] = home
    app.add_template_global(front_url)


def _home() -> Home:
    return cast(Home, current_app.extensions["machi_home"])


def front_url() -> str:
    """The address for anybody."""
    return url_for(_home().front)


def start_url() -> str:
    """The address for whoever is signed in."""
    return url_for(_home().start)


def credentials_url() -> str:
    """Where the ways to sign in are seen."""
    return url_for(_home().credentials)
