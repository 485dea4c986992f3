"""Passkeys as a person uses them: a real browser, a simulated authenticator, the provider's own pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

from tests.mypage.pages.browser import Served, window
from tests.mypage.pages.conftest import Visit
from tests.support.readable import Look, check_readable
from tests.support.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def page(browser: Browser, served: Served, hanako: Visit) -> Iterator[Page]:
    """Signed in, on a device that can keep passkeys."""
    context = window(browser, served, hanako)
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    yield page
    context.close()


def add_passkey(page: Page, served: Served) -> None:
    page.goto(served.url + "/my/settings/credentials")
    page.get_by_test_id("passkey-add").click()
    page.get_by_test_id("passkey-create").click()
    page.wait_for_url("**/my/settings/credentials")


def without_suggestions(page: Page) -> None:
    """A browser that knows passkeys but does not suggest them in fields."""
    page.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = async () => false")


def test_a_passkey_is_made_and_opens_the_page_again(page: Page, served: Served) -> None:
    add_passkey(page, served)
    page.goto(served.url + "/my/settings/credentials")
    expect(page.get_by_test_id("credential-row")).to_have_count(1)
    page.context.clear_cookies(name="machi_session")
    without_suggestions(page)
    page.goto(served.url + "/my/tasks")
    page.get_by_test_id("signin-passkey").click()
    page.wait_for_url("**/my/tasks")


def test_the_button_waits_for_its_script_so_that_no_press_is_lost(page: Page, served: Served) -> None:
    held: list[Route] = []
    page.route("**/webauthn.js*", lambda route: held.append(route))
    page.goto(served.url + "/account/passkeys/new", wait_until="commit")
    expect(page.get_by_test_id("passkey-create")).to_be_disabled()
    until(lambda: page.evaluate("true") and held)
    held.pop().continue_()
    page.get_by_test_id("passkey-create").click()
    page.wait_for_url("**/my/settings/credentials")


def test_a_passkey_picked_from_the_suggestions_signs_in_without_the_button(page: Page, served: Served) -> None:
    add_passkey(page, served)
    page.context.clear_cookies(name="machi_session")
    page.goto(served.url + "/my/tasks")  # the simulated authenticator picks at once
    page.wait_for_url("**/my/tasks")
    expect(page.get_by_test_id("nav-tasks")).to_have_attribute("aria-current", "page")


def test_a_second_passkey_on_the_same_device_is_explained(page: Page, served: Served) -> None:
    add_passkey(page, served)
    page.goto(served.url + "/account/passkeys/new")
    page.get_by_test_id("passkey-create").click()
    expect(page.locator("[data-passkey-status]")).to_have_text(
        "この端末には、すでにパスキーがあります。そのまま進めます。"
    )
    expect(page.get_by_test_id("passkey-skip")).to_be_visible()


def test_a_device_without_a_passkey_is_told_and_keeps_the_other_ways(page: Page, served: Served) -> None:
    page.context.clear_cookies(name="machi_session")
    page.goto(served.url + "/signin")
    page.get_by_test_id("signin-passkey").click()
    expect(page.locator("[data-passkey-status]")).to_contain_text("パスキーは使われませんでした")
    expect(page.get_by_test_id("signin-passkey")).not_to_have_attribute("aria-busy", "true")
    expect(page.get_by_test_id("signin-code")).to_be_visible()


def test_a_browser_without_passkeys_is_not_offered_them(page: Page, served: Served) -> None:
    page.context.clear_cookies(name="machi_session")
    page.add_init_script("delete window.PublicKeyCredential")
    page.goto(served.url + "/signin")
    expect(page.get_by_test_id("signin-passkey")).to_be_hidden()
    expect(page.locator("[data-passkey-status]")).to_contain_text("このブラウザではパスキーを使えません")


def test_a_passkey_the_city_no_longer_knows_is_refused_in_words(page: Page, served: Served) -> None:
    add_passkey(page, served)
    page.context.clear_cookies(name="machi_session")
    without_suggestions(page)
    page.goto(served.url + "/signin")
    page.route("**/passkey", lambda route: route.continue_(post_data=with_another_owner(route.request)))
    page.get_by_test_id("signin-passkey").click()
    expect(page.locator("[data-passkey-status]")).to_contain_text("このパスキーではサインインできませんでした")
    page.unroute("**/passkey")
    page.get_by_test_id("signin-passkey").click()  # never a dead end: the next try works
    page.wait_for_url("**/my/")


def with_another_owner(request: Request) -> str:
    """The answer of the authenticator, naming somebody else."""
    return (request.post_data or "").replace('"userHandle":"', '"userHandle":"AA')


def test_the_sign_in_pages_pass_axe_and_fit(page: Page, served: Served) -> None:
    looks: list[Look] = [("light", 1280), ("dark", 320)]
    pages = ["/account/passkeys/new", "/signin"]
    for path in pages:
        if path == "/signin":
            page.context.clear_cookies(name="machi_session")
        page.goto(served.url + path)
        check_readable(page, *looks)
    page.get_by_test_id("signin-code").click()
    check_readable(page, *looks)
