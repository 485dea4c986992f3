"""The scripts of signing out and of watching a session, in a real browser against a real server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask, request
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, expect
from werkzeug.serving import make_server

from tests.support.apps import App
from tests.support.browser import Browser
from tests.support.server import free_port
from tests.support.town import Town
from tests.support.waiting import until

pytestmark = pytest.mark.browser


@dataclass
class Site:
    """A town that is served, and an app's site beside it, on another port."""

    town: Town
    base: str
    calls: list[dict[str, str]]
    app_base: str


@pytest.fixture
def site(sqlite_url: str) -> Iterator[Site]:
    port, app_port = free_port(), free_port()
    calls: list[dict[str, str]] = []
    outside = Flask("app")
    base, app_base = f"http://localhost:{port}", f"http://localhost:{app_port}"

    @outside.get("/out")
    def out() -> str:
        calls.append(request.args.to_dict())
        return "<p>out</p>"

    @outside.get("/bye")
    def bye() -> str:
        return "<h1>back at the app</h1>"

    @outside.get("/watch")
    def watch() -> str:
        return f"<iframe id='op' src='{base}/session/check'></iframe>"

    with Town(sqlite_url, issuer=base) as town:
        servers = [
            make_server("localhost", port, town.app, threaded=True),
            make_server("localhost", app_port, outside, threaded=True),
        ]
        for server in servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield Site(town, base, calls, app_base)
        finally:
            for server in servers:
                server.shutdown()


@pytest.fixture
def context(chromium: Chromium) -> Iterator[BrowserContext]:
    context = chromium.new_context(locale="en")
    yield context
    context.close()


def carry_over(site: Site, browser: Browser, context: BrowserContext) -> None:
    """Let the real browser go on where the test's one stands."""
    names = ("machi_session", "machi_browser", "machi_state")
    found = [(name, browser.cookie(name)) for name in names]
    context.add_cookies([{"name": n, "value": v, "url": site.base} for n, v in found if v])


def register(site: Site, **more: Any) -> App:
    return site.town.register(redirect_uris=[f"{site.app_base}/cb"], **more)


def test_frames_are_called_and_the_page_goes_on(site: Site, context: BrowserContext) -> None:
    app = register(
        site, frontchannel_logout_uri=f"{site.app_base}/out", post_logout_redirect_uris=[f"{site.app_base}/bye"]
    )
    browser = site.town.signed_in()
    hint = browser.tokens(app)["id_token"]
    carry_over(site, browser, context)
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    page.goto(f"{site.base}/logout?id_token_hint={hint}&post_logout_redirect_uri={site.app_base}/bye")
    page.wait_for_url(f"{site.app_base}/bye")
    assert len(site.calls) == 1
    assert site.calls[0] == {"iss": site.base, "sid": app.id_token(hint)["sid"]}
    assert not [e for e in errors if "Content Security Policy" in e]


def test_apps_that_do_not_answer_appear_on_the_page(site: Site, context: BrowserContext) -> None:
    browser = site.town.signed_in()
    browser.sign_on(register(site, client_name="Deaf app", backchannel_logout_uri="http://127.0.0.1:9/x"))
    carry_over(site, browser, context)
    page = context.new_page()
    page.goto(f"{site.base}/logout")
    page.get_by_test_id("signout-confirm").click()
    page.get_by_test_id("signed-out").wait_for()
    expect(page.get_by_test_id("failed-apps")).to_have_count(0)
    site.town.parts.worker.run_once()
    expect(page.get_by_test_id("failed-apps")).to_contain_text("Deaf app")


def test_the_frame_says_unchanged_and_then_changed(site: Site, context: BrowserContext) -> None:
    """OIDF plan session-management: unchanged before, changed after."""
    app = register(site)
    browser = site.town.signed_in()
    state = browser.sign_on(app)["session_state"]
    carry_over(site, browser, context)
    page = context.new_page()
    page.goto(f"{site.app_base}/watch")

    def ask(message: str) -> str:
        answer: str = page.evaluate(
            """([message, target]) => new Promise((resolve) => {
                 addEventListener("message", (e) => e.origin === target && resolve(e.data), { once: true });
                 document.getElementById("op").contentWindow.postMessage(message, target);
                 setTimeout(() => resolve(""), 500);
               })""",
            [message, site.base],
        )
        return answer

    assert until(lambda: ask(f"{app.client_id} {state}")) == "unchanged"
    assert ask(f"other-client {state}") == "changed"
    assert ask("nonsense") == "error"
    other = context.new_page()
    other.goto(f"{site.base}/logout")
    other.get_by_test_id("signout-confirm").click()
    other.get_by_test_id("signed-out").wait_for()
    assert ask(f"{app.client_id} {state}") == "changed"
