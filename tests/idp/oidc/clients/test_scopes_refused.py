"""`invalid_scope` names the scope, at every endpoint that refuses one (RFC 6749 §5.2)."""

from __future__ import annotations

from typing import Any

import pytest

from idp.oidc.clients.scopes import scope_names
from idp.oidc.policy.policy import set_policy
from tests.support.apps import App
from tests.support.browser import Browser, callback
from tests.support.ciba import Desk
from tests.support.town import Town

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
API = "https://tax.example/api"


@pytest.fixture
def app(town: Town) -> App:
    grants = ["authorization_code", "refresh_token", "client_credentials", DEVICE]
    return town.register(grant_types=grants, scope="openid profile offline_access case:write")


def names_it(answer: dict[str, Any], scope: str) -> None:
    assert answer["error"] == "invalid_scope"
    assert f": {scope}." in answer["error_description"]


def test_at_the_authorization_endpoint_and_pushed(browser: Browser, app: App) -> None:
    names_it(callback(browser.authorize(app, scope="openid profile address")), "address")
    names_it(app.post("/par", app.request(scope="openid phone address")).json, "address phone")


@pytest.mark.parametrize("app_settings", [{"hybrid_flows": True}])
def test_at_the_authorization_endpoint_for_a_hybrid_type(sqlite_url: str, app_settings: dict[str, Any]) -> None:
    with Town(sqlite_url, **app_settings) as town:
        app = town.register(
            scope="openid profile", response_types=["code id_token"], grant_types=["authorization_code", "implicit"]
        )
        asked = {"response_type": "code id_token", "nonce": "n", "scope": "openid address", "response_mode": "query"}
        answer = app.post("/par", app.request(**asked)).json
        names_it(answer, "address")


def test_at_the_token_endpoint(browser: Browser, app: App) -> None:
    form = {"grant_type": "client_credentials", "scope": "case:write notice:write task:write"}
    names_it(app.post("/token", form).json, "notice:write task:write")
    refresh = browser.tokens(app, scope="openid profile offline_access")["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": refresh, "scope": "openid address"}
    names_it(app.post("/token", form).json, "address")


def test_on_another_device(app: App) -> None:
    names_it(app.post("/device_authorization", {"scope": "openid address"}).json, "address")


def test_asked_by_staff(town: Town) -> None:
    desk = Desk(town, scope="openid profile")
    known = desk.know(town.resident())
    names_it(desk.ask(scope="openid address", login_hint=known).json, "address")


def test_at_another_departments_api(town: Town, app: App) -> None:
    owner = town.register(grant_types=["client_credentials"], scope="case:write")
    words = {"ja": "税", "en": "Tax"}
    for client, policy in (
        (owner, {"resource_indicators": {API: {"tax:read": words}}}),
        (app, {"may_request": {API: ["tax:read"]}}),
    ):
        with town.app.app_context(), town.writing() as session:
            set_policy(session, client.client_id, policy, "test")
    answer = app.post("/device_authorization", {"scope": "openid tax:write", "resource": API}).json
    names_it(answer, "openid tax:write")


def test_what_is_no_scope_is_not_repeated() -> None:
    """RFC 6749 §5.2: neither quotes nor backslashes nor anything beyond ASCII stands in a description."""
    assert scope_names(['a"b', "a\\b", "役所", "x" * 101, "b", "a"]) == "a b"
    assert len(scope_names(f"s{n}" for n in range(100)).split()) == 10
