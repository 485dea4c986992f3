"""Pushed authorization requests (RFC 9126) of ordinary clients: the switches, the one use, and what stays on the server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from werkzeug.test import TestResponse

from idp.foundation import clock
from idp.oidc.authorization.model import PushedRequest
from tests.support.apps import App
from tests.support.browser import Browser, callback
from tests.support.town import Town


def push(app: App, **changes: str | None) -> TestResponse:
    return app.post("/par", app.request(**changes))


def pushed(app: App, **changes: str | None) -> str:
    answer = push(app, **changes)
    assert answer.status_code == 201, answer.text
    return str(answer.json["request_uri"])


def start(browser: Browser, app: App, request_uri: str, **more: str) -> TestResponse:
    return browser.get("/authorize", query_string={"client_id": app.client_id, "request_uri": request_uri} | more)


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_a_pushed_request_gives_a_code(any_town: Town, method: str) -> None:
    app = any_town.register(token_endpoint_auth_method=method)
    form = app.request() | ({"client_secret": str(app.secret)} if method == "client_secret_post" else {})
    auth = {"headers": {}} if method == "client_secret_post" else {}
    answer = app.post("/par", form, **auth)
    assert answer.json["expires_in"] == any_town.settings.par_seconds
    browser = any_town.signed_in()
    page = start(browser, app, answer.json["request_uri"])
    if page.status_code == 303:
        page = browser.post(page.location, {"decision": "allow"})
    code = callback(page)["code"]
    if method == "client_secret_post":
        assert app.post("/token", {"grant_type": "authorization_code"}, headers={}).status_code == 401
    else:
        assert app.redeem(code).status_code == 200


def test_the_content_and_the_client_s_secrets_stay_on_the_server(town: Town, app: App) -> None:
    """Keycloak CVE-2024-4540: nothing of the request in an address or a cookie; no credential in the table."""
    request_uri = pushed(app, login_hint="hanako@mihon.example", state="a-state-of-its-own")
    browser = town.browser()
    page = start(browser, app, request_uri)
    shown = page.location + "".join(page.headers.getlist("Set-Cookie"))
    assert "hanako" not in shown
    assert "a-state-of-its-own" not in shown
    row = town.rows(PushedRequest)[0]
    assert request_uri.rpartition(":")[2] not in str(vars(row))
    assert "secret" not in row.parameters


def test_two_tabs_complete_once(town: Town) -> None:
    """RFC 9126 §7.3: two sign-ins begun with one reference; the second cannot be finished."""
    app = town.register()
    browser = town.signed_in()
    request_uri = pushed(app)
    first, second = (start(browser, app, request_uri).location for _ in range(2))
    assert "code" in callback(browser.post(first, {"decision": "allow"}))
    late = callback(browser.post(second, {"decision": "allow"}))
    assert late["error"] == "invalid_request_uri"
    assert late["state"] == "st-1"


def test_an_error_uses_the_request_up_too(town: Town, browser: Browser, app: App) -> None:
    request_uri = pushed(app, prompt="none")
    assert callback(start(browser, app, request_uri))["error"] == "consent_required"
    assert start(browser, app, request_uri).status_code == 400


def test_a_sign_in_may_take_longer_than_the_reference_lives(town: Town, browser: Browser, app: App) -> None:
    page = start(browser, app, pushed(app)).location
    with clock.travelled(timedelta(seconds=town.settings.par_seconds + 5)):
        assert "code" in callback(browser.post(page, {"decision": "allow"}))


def test_what_a_reference_is_worth_to_others(town: Town, browser: Browser, app: App) -> None:
    other = town.register()
    request_uri = pushed(app)
    assert start(browser, other, request_uri).status_code == 400
    assert browser.get("/authorize", query_string={"request_uri": request_uri}).status_code == 400
    with clock.travelled(timedelta(seconds=town.settings.par_seconds + 1)):
        assert start(browser, app, request_uri).status_code == 400
    assert start(browser, app, request_uri[:-1] + "x").status_code == 400
    assert start(browser, app, "urn:ietf:params:oauth:request_uri:").status_code == 400


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"redirect_uri": "https://evil.example/cb"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"dpop_jkt": "short"}, "invalid_request"),
    ],
)
def test_a_bad_request_is_refused_when_it_is_pushed(
    shared_town: Town, shared_app: App, changes: dict[str, str | None], error: str
) -> None:
    answer = push(shared_app, **changes)
    assert (answer.status_code, answer.json["error"]) == (400, error)
    assert answer.headers["Cache-Control"] == "no-store"


def test_nobody_pushes_for_another(shared_town: Town, shared_app: App) -> None:
    other = shared_town.register(redirect_uris=["https://par-other.example/cb"])
    assert push(shared_app, client_id=other.client_id).status_code == 401
    answer = shared_app.post("/par", shared_app.request(), auth=(shared_app.client_id, "wrong"))
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")


def test_a_client_that_must_push(town: Town) -> None:
    """RFC 9126 §6: by its registration; §5: by the installation."""
    app = town.register(require_pushed_authorization_requests=True)
    browser = town.signed_in()
    assert callback(browser.authorize(app))["error"] == "invalid_request"
    assert start(browser, app, pushed(app)).status_code == 303


@pytest.fixture
def strict(sqlite_url: str) -> Iterator[Town]:
    with Town(sqlite_url, require_pushed_authorization_requests=True) as town:
        yield town


def test_an_installation_that_takes_pushed_requests_only(strict: Town) -> None:
    app, browser = strict.register(), strict.signed_in()
    assert callback(browser.authorize(app))["error"] == "invalid_request"
    assert start(browser, app, pushed(app)).status_code == 303
    document = strict.app.test_client().get("/.well-known/openid-configuration").json
    assert document["require_pushed_authorization_requests"] is True
    assert urlsplit(document["pushed_authorization_request_endpoint"]).path == "/par"


def test_expired_references_are_forgotten(town: Town, app: App) -> None:
    from idp.oidc.authorization.cleanup import forget_pushed

    pushed(app)
    with clock.travelled(timedelta(days=1)), town.writing() as session:
        forget_pushed(session)
    assert town.count(PushedRequest) == 0
