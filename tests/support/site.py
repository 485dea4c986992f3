"""A served town, alone or with an app's site beside it on another port, for a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page

from .apps import App
from .browser import Browser
from .server import free_port
from .serving import Served
from .town import Town


@dataclass
class Site:
    """`outside` is the app's site: a test gives it routes. It also answers as a third origin, `end`, where the app may lead on to."""

    town: Town
    outside: Flask
    base: str
    app_base: str
    end: str

    def register(self, **more: Any) -> App:
        """An app whose callback is at the site."""
        return self.town.register(redirect_uris=[f"{self.app_base}/cb"], **more)

    def open(self, page: Page, app: App, **changes: str) -> None:
        """Let the app send the browser here."""
        page.goto(f"{self.base}/authorize?{urlencode(app.request(**changes))}")

    def carry_over(self, browser: Browser, context: BrowserContext) -> None:
        """Let the real browser go on where the test's one stands."""
        found = [(name, browser.cookie(name)) for name in ("machi_session", "machi_browser", "machi_state")]
        context.add_cookies([{"name": n, "value": v, "url": self.base} for n, v in found if v])


@pytest.fixture
def served_town(sqlite_url: str) -> Iterator[Town]:
    """The town at its issuer, without a delivery loop."""
    port = free_port()
    with Town(sqlite_url, issuer=f"http://localhost:{port}") as town:
        server = Served(town.app, port)
        yield town
        server.stop()


@pytest.fixture
def site(served_town: Town) -> Iterator[Site]:
    """The served town, and an app's site."""
    port, outside = free_port(), Flask("app")
    server = Served(outside, port)
    yield Site(served_town, outside, served_town.issuer, f"http://localhost:{port}", f"http://127.0.0.1:{port}")
    server.stop()
