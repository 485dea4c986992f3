"""A person in front of a browser: what they press, in the words of the story."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, expect

from .conftest import Demo

PIN, SIGNATURE_PASSWORD = "1234", "ABC123"


class Person:
    """One resident with a browser, a test card and (once made) a passkey in the virtual authenticator."""

    def __init__(self, browser: Browser, demo: Demo, card: str, **context: Any) -> None:
        self.demo = demo
        self.card = card
        self.context: BrowserContext = browser.new_context(**context)
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.problems: list[str] = []
        self.page.on("console", lambda m: self.problems.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda e: self.problems.append(str(e)))
        self.context.on("request", lambda request: self._stays_below(request.url))
        devices = self.context.new_cdp_session(self.page)
        devices.send("WebAuthn.enable")
        self._devices = devices

    def _stays_below(self, url: str) -> None:
        """No address may leave the path of the part that it belongs to, though our servers would take it."""
        for base in (self.demo.issuer, self.demo.childcare, self.demo.benefits):
            if url.startswith(base[: len(base) - len(urlsplit(base).path)] + "/") and not url.startswith(base):
                self.problems.append(f"{url} is not below {base}")

    def has_authenticator(self) -> None:
        """A phone or laptop with a screen lock, on which passkeys can be kept."""
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        self._devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    def press(self, testid: str) -> None:
        self.page.get_by_test_id(testid).first.click()

    def read_card(self, *, claim: bool = False) -> None:
        """At the reader: choose the card, enter PIN (and signature password), come back."""
        self.page.wait_for_url("**/read?**")
        self.press(f"card-{self.card}")
        self.page.get_by_test_id("card-pin").fill(PIN)
        if claim:
            self.page.get_by_test_id("card-sign-password").fill(SIGNATURE_PASSWORD)
        self.press("card-submit")

    def sign_in_first_time(self, *, passkey: bool) -> None:
        """From the provider's sign-in page to the welcome page and on."""
        expect(self.page).to_have_url(re.compile(rf"{self.demo.issuer}/signin/"))
        self.press("signin-card")
        self.read_card()
        self.press("claim-start")
        self.read_card(claim=True)
        expect(self.page.get_by_test_id("unified-id")).to_be_visible()
        self.press("passkey-create" if passkey else "passkey-skip")

    def allow(self) -> None:
        """Consent."""
        expect(self.page.get_by_test_id("consent")).to_be_visible()
        self.press("consent-allow")

    def close(self) -> None:
        self.context.close()
