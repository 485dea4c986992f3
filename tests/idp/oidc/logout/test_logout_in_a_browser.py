"""The scripts of signing out and of watching a session, in a real browser against a real server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import request
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, expect

from tests.support.site import Site
from tests.support.waiting import until

pytestmark = pytest.mark.browser


@pytest.fixture
def calls(site: Site) -> list[dict[str, str]]:
    """What the app's site is told, which also has a page after signing out and one that watches the session."""
    calls: list[dict[str, str]] = []

    @site.outside.get("/out")
    def out() -> str:
        calls.append(request.args.to_dict())
        return "<p>out</p>"

    @site.outside.get("/bye")
    def bye() -> str:
        return "<h1>back at the app</h1>"

    @site.outside.get("/watch")
    def watch() -> str:
        return f"<iframe id='op' src='{site.base}/session/check'></iframe>"

    return calls


@pytest.fixture
def context(chromium: Chromium) -> Iterator[BrowserContext]:
    context = chromium.new_context(locale="en")
    yield context
    context.close()


def test_frames_are_called_and_the_page_goes_on(
    site: Site, calls: list[dict[str, str]], context: BrowserContext
) -> None:
    app = site.register(
        frontchannel_logout_uri=f"{site.app_base}/out", post_logout_redirect_uris=[f"{site.app_base}/bye"]
    )
    browser = site.town.signed_in()
    hint = browser.tokens(app)["id_token"]
    site.carry_over(browser, context)
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    page.goto(f"{site.base}/logout?id_token_hint={hint}&post_logout_redirect_uri={site.app_base}/bye")
    page.wait_for_url(f"{site.app_base}/bye")
    assert len(calls) == 1
    assert calls[0] == {"iss": site.base, "sid": app.id_token(hint)["sid"]}
    assert not [e for e in errors if "Content Security Policy" in e]


def test_apps_that_do_not_answer_appear_on_the_page(
    site: Site, calls: list[dict[str, str]], context: BrowserContext
) -> None:
    browser = site.town.signed_in()
    browser.sign_on(site.register(client_name="Deaf app", backchannel_logout_uri="http://127.0.0.1:9/x"))
    site.carry_over(browser, context)
    page = context.new_page()
    page.goto(f"{site.base}/logout")
    page.get_by_test_id("signout-confirm").click()
    page.get_by_test_id("signed-out").wait_for()
    expect(page.get_by_test_id("failed-apps")).to_have_count(0)
    site.town.parts.worker.run_once()
    expect(page.get_by_test_id("failed-apps")).to_contain_text("Deaf app")


def test_the_frame_says_unchanged_and_then_changed(
    site: Site, calls: list[dict[str, str]], context: BrowserContext
) -> None:
    """OIDF plan session-management: unchanged before, changed after."""
    app = site.register()
    browser = site.town.signed_in()
    state = browser.sign_on(app)["session_state"]
    site.carry_over(browser, context)
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
