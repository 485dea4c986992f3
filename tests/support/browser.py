"""A person's browser in front of the town's application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from werkzeug.test import TestResponse

from idp.foundation.clock import epoch_ms
from idp.logins.levels import Factor
from idp.logins.sessions import start_session

from .apps import App
from .html import goes_on_to, hidden_fields

if TYPE_CHECKING:
    from .town import Town


class Browser:
    """Cookies of its own; `get` and `post` as a person's browser would, forms with their CSRF token."""

    def __init__(self, town: Town, lang: str = "en") -> None:
        self.town = town
        self.client = town.app.test_client()
        self.headers = {"Accept": "text/html", "Accept-Language": lang}
        self._base = town.settings.origin

    def get(self, path: str, **more: Any) -> TestResponse:
        headers = self.headers | more.pop("headers", {})
        return followed(self.client.get(path, headers=headers, base_url=self._base, **more))

    def post(self, path: str, form: dict[str, str] | None = None, **more: Any) -> TestResponse:
        data = {"csrf_token": self.csrf} | (form or {})
        headers = self.headers | {"Origin": self._base, "Sec-Fetch-Site": "same-origin"} | more.pop("headers", {})
        return followed(self.client.post(path, data=data, headers=headers, base_url=self._base, **more))

    def post_json(self, path: str, body: Any, **more: Any) -> TestResponse:
        headers = {"Accept": "application/json", "X-CSRF-Token": self.csrf} | more.pop("headers", {})
        return self.client.post(path, json=body, headers=headers, base_url=self._base, **more)

    def cookie(self, name: str) -> str | None:
        """The value of one of our cookies, whatever its prefix."""
        found = self.client.get_cookie(self._named(name), domain=urlsplit(self._base).hostname or "")
        return found.value if found is not None else None

    def _named(self, name: str) -> str:
        settings = self.town.settings
        return ("__Host-" if settings.secure else "") + name + settings.path.replace("/", "~")

    def set_cookie(self, name: str, value: str) -> None:
        secure = self.town.settings.secure
        self.client.set_cookie(self._named(name), value, domain=urlsplit(self._base).hostname or "", secure=secure)

    @property
    def csrf(self) -> str:
        """The token that pages shown to this browser carry."""
        if self.cookie("machi_browser") is None:
            self.get("/no-such-page")  # any page has the language form, and with it the cookie the token hangs on
        return self.town.parts.vault.sign("csrf", str(self.cookie("machi_browser")))

    def sign_in(self, resident_id: str, factor: Factor | None = None) -> str:
        """Sign this browser in as the product does; returns the cookie's value."""
        parts = self.town.parts
        cookie = self.cookie("machi_session")
        headers = {"Cookie": f"{self._named('machi_session')}={cookie}"} if cookie else {}
        with self.town.app.test_request_context(headers=headers), parts.database.write() as session:
            proof = factor or Factor("passkey", epoch_ms(), synced=True)
            token = start_session(session, parts.settings, resident_id, proof, "Test")
        self.set_cookie("machi_session", token)
        return token

    # an app's sign-in --------------------------------------------------------------------------------------------

    def authorize(self, app: App, **changes: str | None) -> TestResponse:
        """GET the authorization endpoint."""
        return self.get("/authorize", query_string=app.request(**changes))

    def sign_on(self, app: App, **changes: str | None) -> dict[str, str]:
        """The authorization response for a browser that is signed in, consent given where it is asked."""
        answer = self.authorize(app, **changes)
        if answer.status_code == 303 and "/consent/" in answer.location:
            answer = self.post(answer.location, {"decision": "allow"})
        return callback(answer)

    def code(self, app: App, **changes: str | None) -> str:
        return self.sign_on(app, **changes)["code"]

    def tokens(self, app: App, **changes: str | None) -> dict[str, Any]:
        """Sign on and redeem."""
        answer = app.redeem(self.code(app, **changes), redirect_uri=changes.get("redirect_uri", app.redirect_uri))
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json
        return body


def followed(answer: TestResponse) -> TestResponse:
    """A page that goes on by itself (`idp/foundation/web/leaving.py`), as the redirect it is to whoever reads it."""
    page = answer.text if answer.mimetype == "text/html" else ""
    if 'data-testid="leaving"' in page and (target := goes_on_to(page)):
        answer.headers["Location"] = target
        answer.status_code = 303
    return answer


def callback(answer: TestResponse) -> dict[str, str]:
    """What the app receives: from query, fragment or form_post."""
    if answer.status_code == 200:
        return hidden_fields(answer.text)
    assert answer.status_code in (302, 303), f"{answer.status_code} {answer.location} {answer.text[:300]}"
    parts = urlsplit(answer.location)
    return dict(parse_qsl(parts.fragment or parts.query))
