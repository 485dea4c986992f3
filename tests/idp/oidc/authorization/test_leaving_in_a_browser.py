"""An app whose address sends the browser on to another origin: every form of ours still ends there, in a real browser.

Browsers hold a page's `form-action` against each redirect after its form, and what it stops goes nowhere without a word.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import redirect, request
from flask.typing import ResponseReturnValue
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext

from idp.oidc.registration.register_client import CityOptions
from tests.support.apps import App
from tests.support.people import BIRTH_DATES
from tests.support.site import Site

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def onward(site: Site) -> None:
    """The app leads on to a third origin from every address of its own."""

    @site.outside.route("/cb", methods=["GET", "POST"])
    @site.outside.get("/bye", endpoint="bye")
    def onward() -> ResponseReturnValue:
        return redirect(f"{site.end}/arrived?{'error' if 'error' in request.values else 'ok'}")

    @site.outside.get("/arrived")
    def arrived() -> str:
        return "<h1>arrived</h1>"


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def script(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def context(chromium: Chromium, script: bool) -> Iterator[BrowserContext]:
    context = chromium.new_context(locale="en", java_script_enabled=script)
    yield context
    context.close()


def with_login(site: Site, context: BrowserContext, app: App | None = None) -> None:
    """The browser goes on with a login; with `app`, one that has shared with it."""
    browser = site.town.signed_in()
    if app is not None:
        browser.sign_on(app)
    site.carry_over(browser, context)


@pytest.mark.parametrize(("button", "outcome"), [("consent-allow", "ok"), ("consent-deny", "error")])
def test_consent(site: Site, context: BrowserContext, button: str, outcome: str) -> None:
    with_login(site, context)
    page = context.new_page()
    site.open(page, site.register())
    page.get_by_test_id(button).click()
    page.wait_for_url(f"{site.end}/arrived?{outcome}")


def test_form_post(site: Site, context: BrowserContext, script: bool) -> None:
    with_login(site, context)
    page = context.new_page()
    site.open(page, site.register(), response_mode="form_post")
    page.get_by_test_id("consent-allow").click()
    if not script:  # the form goes by itself otherwise
        page.get_by_test_id("form-post-continue").click()
    page.wait_for_url(f"{site.end}/arrived?ok")


def test_signing_out(site: Site, context: BrowserContext) -> None:
    bye = f"{site.app_base}/bye"
    app = site.register(post_logout_redirect_uris=[bye])
    with_login(site, context, app)
    page = context.new_page()
    page.goto(f"{site.base}/logout?client_id={app.client_id}&post_logout_redirect_uri={bye}")
    page.get_by_test_id("signout-confirm").click()
    page.wait_for_url(f"{site.end}/arrived?ok")


def test_signing_in_with_a_code(site: Site, context: BrowserContext) -> None:
    """Of somebody whose ID is there already, by an app that needs no consent: straight on."""
    site.town.resident()
    app = site.town.register(CityOptions(skip_consent=True), redirect_uris=[f"{site.app_base}/cb"])
    page = context.new_page()
    site.open(page, app)
    page.goto(page.url + "/code")
    page.get_by_test_id("activation-code").fill(site.town.activation_code())
    page.locator("[name=birth_date]").fill(BIRTH_DATES["hanako"])
    page.get_by_test_id("activation-submit").click()
    page.wait_for_url(f"{site.end}/arrived?ok")


def test_back_does_not_lead_to_the_page_between(site: Site, context: BrowserContext) -> None:
    with_login(site, context)
    page = context.new_page()
    site.open(page, site.register())
    asked = page.url
    page.get_by_test_id("consent-allow").click()
    page.wait_for_url(f"{site.end}/arrived?ok")
    page.go_back()
    assert page.url == asked


def test_a_native_apps_scheme_is_reached_by_the_press_itself(site: Site, context: BrowserContext) -> None:
    """Browsers open an app after a press, not for a page that goes on by itself: the redirect stays and the policy names the scheme."""
    with_login(site, context)
    app = site.town.register(
        application_type="native", token_endpoint_auth_method="none", redirect_uris=["jp.example.app:/cb"]
    )
    page = context.new_page()
    statuses: list[int] = []
    page.on("response", lambda answer: statuses.append(answer.status))
    site.open(page, app)
    with page.expect_event("requestfailed"):
        page.get_by_test_id("consent-allow").click()
    assert statuses[-1] == 302
