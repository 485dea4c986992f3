"""Passkeys suggested in the list of the sign-in page: for as long as the page is good, and again after a choice that came to nothing.

Time is moved in the page and in the server together; nobody waits for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from idp.foundation import clock
from tests.mypage.pages.browser import Served, window
from tests.mypage.pages.conftest import Visit
from tests.mypage.pages.test_passkeys_in_a_browser import AUTHENTICATOR, add_passkey, with_another_owner
from tests.support.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


# Counts what waits in the list; it changes nothing.
WATCH = """
window.suggested = 0;
const original = navigator.credentials.get.bind(navigator.credentials);
navigator.credentials.get = (how) => { window.suggested += how.mediation === "conditional"; return original(how); };
"""


class Device:
    """A page on a device with a passkey, which answers by itself unless it is told to hesitate."""

    def __init__(self, page: Page, served: Served) -> None:
        self.page, self.served = page, served
        self.devtools = page.context.new_cdp_session(page)
        self.devtools.send("WebAuthn.enable")
        made = self.devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        self.id = {"authenticatorId": made["authenticatorId"]}
        add_passkey(page, served)
        self._kept: list[Any] = self.devtools.send("WebAuthn.getCredentials", self.id)["credentials"]
        page.context.clear_cookies(name="machi_session")
        self.answers: list[int] = []
        """Of the endpoint for options, on the sign-in page."""
        page.on("response", lambda answer: answer.url.endswith("/options") and self.answers.append(answer.status))
        page.add_init_script(WATCH)
        self.moved = ExitStack()

    def hesitate(self, on: bool = True) -> None:
        """Nobody touches the device, so that what it is asked waits; from the next question on."""
        self.devtools.send("WebAuthn.setAutomaticPresenceSimulation", {**self.id, "enabled": not on})

    def put_away(self) -> None:
        """The device has no passkey any more."""
        self.devtools.send("WebAuthn.clearCredentials", self.id)

    def put_back(self) -> None:
        for credential in self._kept:
            self.devtools.send("WebAuthn.addCredential", {**self.id, "credential": credential})

    def sign_in_page(self) -> None:
        """Opened; its clock moves only by hand from now on."""
        self.page.clock.install()
        self.page.goto(self.served.url + "/my/tasks")

    def waits(self, times: int) -> None:
        """Waits until passkeys have been suggested so often, each time with options asked for just then."""
        until(lambda: self.page.evaluate("window.suggested") >= times)
        assert self.page.evaluate("window.suggested") == times == self.answers.count(200)

    def later(self, **delta: float) -> None:
        """So much later, for the page and for the server."""
        self.moved.enter_context(clock.travelled(timedelta(**delta)))
        self.page.clock.fast_forward(int(timedelta(**delta).total_seconds() * 1000))

    def is_in(self) -> None:
        self.page.wait_for_url("**/my/tasks")


@pytest.fixture
def device(browser: Browser, served: Served, hanako: Visit) -> Iterator[Device]:
    context = window(browser, served, hanako)
    device = Device(context.new_page(), served)
    yield device
    device.moved.close()
    context.close()


STATUS = "[data-passkey-status]"


def test_a_page_left_open_renews_its_options_before_they_end(device: Device) -> None:
    device.hesitate()
    device.sign_in_page()
    device.waits(1)
    device.later(minutes=8)
    device.waits(1)
    for times in (2, 3):
        device.later(minutes=9, seconds=1)
        device.waits(times)
    expect(device.page.locator(STATUS)).to_be_empty()


def test_a_passkey_chosen_after_the_first_options_have_ended_signs_in(device: Device) -> None:
    device.hesitate()
    device.sign_in_page()
    device.waits(1)
    device.hesitate(False)
    device.later(minutes=11)
    device.is_in()
    assert device.answers == [200, 200]


def test_a_page_that_is_over_asks_no_more(device: Device) -> None:
    device.hesitate()
    device.sign_in_page()
    device.waits(1)
    device.later(minutes=31)
    until(lambda: device.page.evaluate("true") and device.answers == [200, 410])
    for _ in range(3):
        device.later(minutes=20)
        device.page.get_by_test_id("signin-code").focus()
        device.page.get_by_test_id("signin-passkey-pick").focus()
    assert (
        device.page.evaluate("fetch('/healthz').then((answer) => answer.status)") == 200
    )  # whatever was sent is through
    assert device.answers == [200, 410]
    expect(device.page.locator(STATUS)).to_be_empty()


def test_a_page_nobody_looks_at_renews_when_somebody_does(device: Device) -> None:
    page = device.page
    device.hesitate()
    device.sign_in_page()
    device.waits(1)
    page.evaluate("window.away = true; Object.defineProperty(document, 'hidden', {get: () => window.away})")
    device.later(minutes=11)
    device.waits(1)
    device.hesitate(False)
    page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")
    device.is_in()
    assert device.answers == [200, 200]


def test_a_choice_that_was_refused_arms_the_suggestions_again(device: Device) -> None:
    page = device.page
    page.route("**/passkey", lambda route: route.continue_(post_data=with_another_owner(route.request)))
    device.sign_in_page()
    expect(page.locator(STATUS)).to_contain_text("このパスキーではサインインできませんでした")
    device.waits(1)  # and not at once, round and round
    page.unroute("**/passkey")
    device.later(seconds=5)
    device.is_in()
    assert device.answers == [200, 200]


def test_a_choice_that_was_cancelled_arms_the_suggestions_again(device: Device) -> None:
    """As Safari does it: the person puts the sheet with their passkey away, and the request is over."""
    device.page.add_init_script(
        "const get = navigator.credentials.get.bind(navigator.credentials); let first = true;"
        "navigator.credentials.get = (how) => { if (!first) return get(how); first = false;"
        " return get(how).then(() => Promise.reject(new DOMException('cancelled', 'NotAllowedError'))); };"
    )
    device.sign_in_page()
    device.waits(1)
    expect(device.page.locator(STATUS)).to_be_empty()
    device.later(seconds=5)
    device.is_in()
    assert device.answers == [200, 200]


def test_a_line_that_was_gone_is_tried_again_when_it_is_back(device: Device) -> None:
    page = device.page
    page.route("**/passkey/options", lambda route: route.abort("internetdisconnected"))
    with page.expect_event("requestfailed", lambda request: request.url.endswith("/options")):
        device.sign_in_page()
    device.later(minutes=1)
    page.unroute("**/passkey/options")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    device.is_in()


def test_the_button_takes_the_place_of_the_suggestions_and_gives_it_back(device: Device) -> None:
    device.put_away()
    device.sign_in_page()
    device.waits(1)
    device.page.get_by_test_id("signin-passkey").click()
    expect(device.page.locator(STATUS)).to_contain_text("パスキーは使われませんでした")
    assert device.answers == [200, 200]
    device.put_back()
    device.later(seconds=5)
    device.is_in()
    assert device.answers == [200, 200, 200]


def test_a_device_without_passkeys_is_asked_less_and_less(device: Device) -> None:
    """This browser then refuses at once, each time."""
    device.put_away()
    device.sign_in_page()
    device.waits(1)
    times = 1
    for seconds in (5, 10, 20, 40):
        device.later(seconds=seconds - 1)
        device.waits(times)
        device.later(seconds=1)
        times += 1
        device.waits(times)
