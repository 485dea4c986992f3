"""The sign-in pages in a real browser: the list of saved passkeys, the way back, cookies, a failed card, and a relay."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from flask import Flask, request
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from clients.simulators.card_reader import Deck
from clients.simulators.card_reader.app import create_app
from idp.foundation import clock
from tests.support.apps import App
from tests.support.server import free_port
from tests.support.town import Town

pytestmark = pytest.mark.browser


@dataclass
class Site:
    """A town that is served, with a card reader, and an app's callback, each on a port of its own."""

    town: Town
    base: str
    app: App
    calls: list[dict[str, str]]

    def sign_in_page(self, page: Page) -> None:
        query = "&".join(f"{k}={v}" for k, v in self.app.request(state="s-1").items() if v is not None)
        page.goto(f"{self.base}/authorize?{query}")


@pytest.fixture(scope="module")
def deck(tmp_path_factory: pytest.TempPathFactory) -> Deck:
    return Deck.open(tmp_path_factory.mktemp("deck"))


@pytest.fixture
def site(sqlite_url: str, deck: Deck) -> Iterator[Site]:
    port, reader_port, app_port = free_port(), free_port(), free_port()
    calls: list[dict[str, str]] = []
    outside = Flask("app")

    @outside.get("/callback")
    def back() -> str:
        calls.append(request.args.to_dict())
        return "<h1>back at the app</h1>"

    base, folder = f"http://localhost:{port}", deck.state_dir
    with Town(
        sqlite_url,
        issuer=base,
        counter_phone="03-0000-1234",
        card_reader_url=f"http://localhost:{reader_port}",
        jpki_auth_roots=folder / "auth-roots.pem",
        jpki_sign_roots=folder / "sign-roots.pem",
        jpki_auth_crl=folder / "auth.crl",
        jpki_sign_crl=folder / "sign.crl",
    ) as town:
        town.import_people()
        app = town.register(client_name="Parks", redirect_uris=[f"http://localhost:{app_port}/callback"])
        servers = [
            make_server("localhost", port, town.app, threaded=True),
            make_server("localhost", reader_port, create_app({"DECK": deck}), threaded=True),
            make_server("localhost", app_port, outside, threaded=True),
        ]
        for server in servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Site(town, base, app, calls)
        for server in servers:
            server.shutdown()


def read(page: Page, card: str, *, claim: bool = False) -> None:
    page.get_by_test_id(f"card-{card}").click()
    page.get_by_test_id("card-pin").fill("1234")
    if claim:
        page.get_by_test_id("card-sign-password").fill("ABC123")
    page.get_by_test_id("card-submit").click()


def test_the_list_of_saved_passkeys_looks_like_one_and_takes_no_typing(site: Site, chromium: Chromium) -> None:
    context = chromium.new_context(locale="en")
    page = context.new_page()
    site.sign_in_page(page)
    pick = page.get_by_test_id("signin-passkey-pick")
    expect(pick).to_be_visible()
    assert "webauthn" in str(pick.get_attribute("autocomplete")).split()
    assert pick.get_attribute("placeholder") == "Saved passkeys on this device"
    pick.focus()
    page.keyboard.type("hanako")
    expect(pick).to_have_value("")
    context.close()


def test_a_browser_that_cannot_attach_passkeys_sees_no_list(site: Site, chromium: Chromium) -> None:
    context = chromium.new_context(locale="en")
    context.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = async () => false")
    page = context.new_page()
    site.sign_in_page(page)
    expect(page.get_by_test_id("signin-passkey")).to_be_enabled()
    expect(page.get_by_test_id("signin-passkey-pick")).to_be_hidden()
    context.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
@pytest.mark.parametrize("expired", [False, True], ids=["live", "expired"])
def test_the_way_back_to_the_app(site: Site, chromium: Chromium, scripts: bool, expired: bool) -> None:
    context = chromium.new_context(java_script_enabled=scripts, locale="en")
    page = context.new_page()
    site.sign_in_page(page)
    with clock.travelled(timedelta(hours=1 if expired else 0)):
        page.get_by_test_id("signin-code").click()
        page.get_by_test_id("error-back" if expired else "way-back").click()
    expect(page.get_by_role("heading", name="back at the app")).to_be_visible()
    assert (site.calls[-1]["error"], site.calls[-1]["state"]) == ("access_denied", "s-1")
    context.close()


def test_cookies_that_are_blocked_are_said(site: Site, chromium: Chromium, monkeypatch: pytest.MonkeyPatch) -> None:
    served = site.town.app.wsgi_app

    def without_cookies(environ: dict[str, object], start: object) -> object:
        environ.pop("HTTP_COOKIE", None)
        return served(environ, start)  # type: ignore[arg-type]

    monkeypatch.setattr(site.town.app, "wsgi_app", without_cookies)
    context = chromium.new_context(locale="en")
    page = context.new_page()
    site.sign_in_page(page)
    expect(page.get_by_test_id("error-page")).to_contain_text("sent no cookie")
    home = f"{site.app.redirect_uri.rsplit('/', 1)[0]}/"
    expect(page.get_by_test_id("error-back")).to_have_attribute("href", home)
    context.close()


def test_a_card_that_failed_says_whom_to_call(site: Site, chromium: Chromium) -> None:
    context = chromium.new_context(java_script_enabled=False, locale="en")
    page = context.new_page()
    site.sign_in_page(page)
    page.get_by_test_id("signin-card").click()
    read(page, "jiro")
    page.get_by_test_id("card-return").click()
    expect(page.get_by_test_id("card-failed")).to_have_attribute("data-kind", "stopped")
    expect(page.get_by_test_id("card-call")).to_have_attribute("href", "tel:03-0000-1234")
    expect(page.get_by_test_id("card-failed").locator(".number")).to_have_text(re.compile("[0-9A-Z]{10}"))
    expect(page.get_by_test_id("way-back")).to_be_visible()
    context.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_the_readers_link_sent_to_a_victim_opens_nothing_for_the_sender(
    site: Site, chromium: Chromium, scripts: bool
) -> None:
    own = chromium.new_context(java_script_enabled=scripts, locale="en")
    page = own.new_page()
    site.sign_in_page(page)
    page.get_by_test_id("signin-card").click()
    page.wait_for_url("**/read?*")
    link = page.url
    victims = chromium.new_context(java_script_enabled=scripts, locale="en")
    victim = victims.new_page()
    victim.goto(link)
    read(victim, "taro")
    if not scripts:
        victim.get_by_test_id("card-return").click()
    expect(victim.get_by_test_id("elsewhere")).to_be_visible()
    expect(victim.get_by_test_id("elsewhere-call")).to_be_visible()
    page.goto(victim.url)  # even with the whole address read out
    expect(page.get_by_test_id("signin-card")).to_be_visible()
    assert site.town.events("signed_in") == []
    assert len(site.town.events("return_refused")) == 1
    victims.close()
    own.close()


def test_a_card_from_the_first_time_to_the_app(site: Site, chromium: Chromium) -> None:
    context = chromium.new_context(java_script_enabled=False, locale="en")
    page = context.new_page()
    site.sign_in_page(page)
    page.get_by_test_id("signin-card").click()
    read(page, "hanako")
    page.get_by_test_id("card-return").click()
    page.get_by_test_id("claim-start").click()
    read(page, "hanako", claim=True)
    page.get_by_test_id("card-return").click()
    expect(page.get_by_test_id("unified-id")).to_be_visible()
    page.get_by_test_id("passkey-skip").click()
    page.get_by_test_id("consent-allow").click()
    expect(page.get_by_role("heading", name="back at the app")).to_be_visible()
    assert site.calls[-1]["code"]
    context.close()
