"""Security headers: on every page, whatever it is; a policy without any inline script or style."""

from __future__ import annotations

import re

import pytest

from tests.support.apps import App
from tests.support.browser import Browser
from tests.support.town import Town

DIRECTIVES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "object-src": None,
}


def policy(header: str) -> dict[str, str]:
    return dict(part.strip().split(" ", 1) for part in header.split(";") if part.strip())


@pytest.fixture(scope="module")
def pages(shared_town: Town, shared_browser: Browser, shared_app: App) -> dict[str, object]:
    """One of every kind of page that the provider shows."""
    stranger = shared_town.browser()
    attempt = stranger.get("/signin").location
    fresh = shared_town.register()
    return {
        "sign-in": stranger.get(attempt),
        "code": stranger.get(attempt + "/code"),
        "wrong code": stranger.post(attempt + "/code", {"code": "x"}),
        "consent": shared_browser.get(shared_browser.authorize(fresh).location),
        "form_post": shared_browser.authorize(shared_app, response_mode="form_post", prompt="none"),
        "logout question": shared_browser.get("/logout"),
        "signed out": stranger.get("/logout"),
        "bad request": shared_browser.authorize(shared_app, client_id="unknown"),
        "not found": stranger.get("/nowhere"),
        "wrong method": stranger.get("/token"),
        "expired": stranger.get("/signin/" + "x" * 43),
        "csrf": stranger.client.post("/language", headers={"Accept": "text/html"}),
        "new passkey": shared_browser.get("/account/passkeys/new"),
    }


def test_every_page_has_them(pages: dict[str, object]) -> None:
    for name, page in pages.items():
        headers = page.headers  # type: ignore[attr-defined]
        assert headers["Content-Type"] == "text/html; charset=utf-8", name
        found = policy(headers["Content-Security-Policy"])
        for directive, value in DIRECTIVES.items():
            if value is not None:
                assert found[directive] == value, (name, directive)
        assert "unsafe" not in headers["Content-Security-Policy"], name
        # A form_post page leads wherever the app sends the browser on to (decision on leaving by a page).
        assert found.get("form-action") == (None if name == "form_post" else "'self'"), name
        assert headers["X-Content-Type-Options"] == "nosniff", name
        assert headers["X-Frame-Options"] == "DENY", name
        assert headers["Referrer-Policy"] in ("same-origin", "no-referrer"), name
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", name
        assert "no-store" in headers["Cache-Control"], name
        assert "Cookie" in headers["Vary"], name


def test_no_page_needs_what_the_policy_forbids(pages: dict[str, object]) -> None:
    for name, page in pages.items():
        html = page.text  # type: ignore[attr-defined]
        assert not re.search(r"<script(?![^>]*\bsrc=)", html), name
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", html), name
        for source in re.findall(r'(?:src|href)="([^"]+)"', html):
            assert source.startswith(("/", "#", "https://", "http://localhost", "mailto:", "data:")), (name, source)
        for source in re.findall(r'<(?:script|img|link)[^>]*(?:src|href)="([^"]+)"', html):
            assert re.match(r"/[^/]", source), (name, source)


def test_a_form_leads_to_us_and_nowhere_else(pages: dict[str, object]) -> None:
    """How its answer then leaves for the app: `test_leaving_in_a_browser.py`."""
    for name in ("consent", "sign-in"):
        found = policy(pages[name].headers["Content-Security-Policy"])  # type: ignore[attr-defined]
        assert found["form-action"] == "'self'", name


def test_a_native_apps_scheme_is_all_the_policy_can_name(shared_town: Town, shared_browser: Browser) -> None:
    app = shared_town.register(
        application_type="native", token_endpoint_auth_method="none", redirect_uris=["jp.example.app:/cb"]
    )
    page = shared_browser.get(shared_browser.authorize(app).location)
    assert "form-action 'self' jp.example.app:" in page.headers["Content-Security-Policy"]


def test_answers_of_machines_are_not_sniffed_either(shared_town: Town) -> None:
    client = shared_town.app.test_client()
    for path in ("/jwks", "/healthz", "/.well-known/openid-configuration", "/static/shell/machi.css", "/userinfo"):
        assert client.get(path).headers["X-Content-Type-Options"] == "nosniff"


def test_strict_transport_only_over_https(sqlite_url: str, shared_town: Town) -> None:
    assert "Strict-Transport-Security" not in shared_town.browser().get("/signin").headers
    with Town(sqlite_url, issuer="https://id.mihon.example") as town:
        assert town.browser().get("/jwks").headers["Strict-Transport-Security"] == "max-age=31536000"


def test_the_server_does_not_say_what_it_is_made_of(pages: dict[str, object]) -> None:
    for page in pages.values():
        assert not {"Server", "X-Powered-By"} & set(page.headers.keys())  # type: ignore[attr-defined]
