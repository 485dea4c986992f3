"""A person at a browser who does whatever the provider's pages ask, as the official suite's browser automation does."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import requests

from .authenticator import Authenticator
from .html import hidden_fields
from .rp import Person


class Resident(Person):
    """Signs in with an activation code the first time, then with a passkey; allows what apps ask. `signins` counts."""

    def __init__(self, issuer: str, device: Authenticator | None = None, lang: str = "en") -> None:
        super().__init__(issuer)
        self.http.headers["Accept-Language"] = lang
        self.device = device or Authenticator(issuer)
        self.signins = 0
        self.consents = 0

    def visit(self, url: str) -> requests.Response:
        """Go there, doing what is asked on the way, until an app's door, a form for an app, or a page that asks nothing."""
        page = self.go(url)
        for _ in range(6):
            if page.is_redirect or page.status_code >= 400 or "data-submit-now" in page.text:
                return page
            path = urlsplit(page.url).path
            if path.startswith("/signin/"):
                page = self.sign_in(page)
            elif "/consent/" in path:
                self.consents += 1
                page = self.submit(page, page.url, decision="allow")
            else:
                return page
        raise AssertionError(f"asked again and again: {page.url}")

    def sign_in(self, page: requests.Response) -> requests.Response:
        """With the passkey, on the sign-in page."""
        self.signins += 1
        options = self._json(page, f"{page.url}/passkey/options")
        answer = self._json(page, f"{page.url}/passkey", self.device.get(options))
        return self.go(self.issuer + answer["next"])

    def claim(self, page: requests.Response, code: str, birth_date: str) -> None:
        """The first time: the activation code from the counter, then a passkey on this device."""
        welcome = self.submit(self.go(f"{page.url}/code"), f"{page.url}/code", code=code, birth_date=birth_date)
        assert 'data-testid="unified-id"' in welcome.text
        options = self._json(welcome, f"{self.issuer}/account/passkeys/options")
        self._json(welcome, f"{self.issuer}/account/passkeys", self.device.create(options))

    def _json(self, page: requests.Response, url: str, body: Any = None) -> dict[str, Any]:
        headers = {"X-CSRF-Token": hidden_fields(page.text)["csrf_token"], "Accept": "application/json"}
        answer = self.http.post(url, json=body or {}, headers=headers, timeout=10)
        assert answer.ok, answer.text
        found: dict[str, Any] = answer.json()
        return found
