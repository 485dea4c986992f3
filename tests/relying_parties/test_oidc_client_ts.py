"""oidc-client-ts in a real browser: a public single-page app on another origin, with bearer tokens and with DPoP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from flask import Flask, Response, send_file
from playwright.sync_api import Browser, Page, expect

from tests.support.people import BIRTH_DATES
from tests.support.server import free_port
from tests.support.serving import Served

from .conftest import Site

pytestmark = [pytest.mark.servers, pytest.mark.browser, pytest.mark.xdist_group("relying_parties")]
FOLDER = Path(__file__).parent / "oidc_client_ts"
LIBRARY = Path("oidc-client-ts", "dist", "browser", "oidc-client-ts.min.js")


def single_page(node_modules: Path, issuer: str, settings: dict[str, Any]) -> Flask:
    """The app's own server: its page on every path, under a policy that lets it speak to the provider only."""
    app = Flask("single-page")

    @app.get("/settings.json")
    def told() -> dict[str, Any]:
        return settings

    @app.get("/<name>.js")
    def script(name: str) -> Response:
        return send_file(FOLDER / "app.js" if name == "app" else node_modules / LIBRARY)

    @app.get("/", defaults={"page": ""})
    @app.get("/<page>")
    def shell(page: str) -> Response:
        answer = send_file(FOLDER / "index.html")
        answer.headers["Content-Security-Policy"] = (
            "default-src 'none'; script-src 'self'; img-src data:; "
            f"connect-src 'self' {issuer}; frame-src 'self' {issuer}; frame-ancestors 'self'"
        )
        return answer

    return app


class SinglePage:
    """The app in a browser, and what it last wrote."""

    def __init__(self, url: str, page: Page) -> None:
        self.url, self.page = url, page
        self.problems: list[str] = []
        page.set_default_timeout(15_000)
        page.on("console", lambda m: self.problems.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: self.problems.append(str(e)))

    def press(self, testid: str) -> None:
        self.page.get_by_test_id(testid).first.click()

    def said(self, what: str) -> dict[str, Any]:
        """Wait until the app says `what`."""
        out = self.page.get_by_test_id("out")
        expect(out).to_contain_text(f'"what":"{what}"')
        found: dict[str, Any] = json.loads(out.inner_text())
        return found

    def do(self, testid: str, what: str | None = None) -> dict[str, Any]:
        self.press(testid)
        return self.said(what or testid)


@pytest.fixture(params=["bearer", "dpop"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def app(site: Site, kind: str, node_modules: Path, chromium: Browser) -> Iterator[SinglePage]:
    port = free_port()
    url = f"http://localhost:{port}"
    client = site.register(
        client_name="Single-page app",
        redirect_uris=[f"{url}/callback", f"{url}/silent"],
        post_logout_redirect_uris=[f"{url}/bye"],
        token_endpoint_auth_method="none",
        grant_types=["authorization_code", "refresh_token"],
        id_token_signed_response_alg="ES256",
        dpop_bound_access_tokens=kind == "dpop",
    )
    settings = {
        "authority": site.issuer,
        "client_id": client["client_id"],
        "redirect_uri": f"{url}/callback",
        "silent_redirect_uri": f"{url}/silent",
        "post_logout_redirect_uri": f"{url}/bye",
        "scope": "openid profile",
        "automaticSilentRenew": False,
        "dpop": kind == "dpop",
    }
    served = Served(single_page(node_modules, site.issuer, settings), port)
    context = chromium.new_context(locale="ja-JP")
    yield SinglePage(url, context.new_page())
    context.close()
    served.stop()


def first_sign_in(site: Site, app: SinglePage, key: str) -> None:
    """By the code from the counter."""
    app.press("signin-code")
    app.page.get_by_test_id("activation-code").fill(site.codes.pop(key))
    app.page.locator("[name=birth_date]").fill(BIRTH_DATES[key])
    app.page.locator("main form button[type=submit]").click()
    expect(app.page.get_by_test_id("unified-id")).to_be_visible()
    app.press("passkey-skip")
    app.press("consent-allow")


def test_a_single_page_app(site: Site, app: SinglePage, kind: str) -> None:
    key, name = {"bearer": ("midori", "仮名 みどり"), "dpop": ("hikari", "架空 ひかり")}[kind]
    app.page.goto(app.url)
    app.said("ready")

    # Without a login, prompt=none comes back with the error and no page.
    told = app.do("again", "error")
    assert (told["error"], app.page.url.split("?")[0]) == ("login_required", f"{app.url}/callback")
    app.problems.clear()

    app.page.goto(app.url)
    app.said("ready")  # before, the button does nothing
    app.press("signin")
    first_sign_in(site, app, key)
    user = app.said("signed-in")
    assert kind == "dpop" or user["profile"]["name"] == name
    assert user["type"] == {"bearer": "Bearer", "dpop": "DPoP"}[kind]
    bound = "cnf" in jwt.decode(user["access"], options={"verify_signature": False})
    assert bound == (kind == "dpop")

    # Discovery, token, userinfo and keys were all read across origins.
    seen = app.do("profile")
    assert (seen["status"], seen["userinfo"]["sub"]) == (200, user["profile"]["sub"])
    assert seen["userinfo"]["name"] == name
    assert jwt.get_unverified_header(user["id_token"])["kid"] in seen["kids"]

    renewed = app.do("renew")
    assert renewed["profile"]["sub"] == user["profile"]["sub"]
    assert renewed["access"] != user["access"]
    assert renewed["refresh"] != user["refresh"]

    # Signed in at the provider, so a redirect needs no question; a frame neither, where app and provider are one site.
    again = app.do("again", "signed-in")
    assert again["profile"]["sub"] == user["profile"]["sub"]
    assert app.do("frame")["profile"]["sub"] == user["profile"]["sub"]
    assert app.problems == []

    assert app.do("revoke") == {"what": "revoke"}
    assert app.do("profile")["status"] == 401
    app.problems.clear()  # the browser notes the 401 by itself

    assert app.do("signout", "signed-out")["state"] == "left"
    assert app.page.url.startswith(f"{app.url}/bye?state=")
    assert app.do("again", "error")["error"] == "login_required"
    assert app.problems == []
