"""Grant Management: an app makes, adds to, replaces, looks at and ends its own grants; nobody else's."""

from __future__ import annotations

from typing import Any

import pytest

from idp.oidc.grants.revoke import end_app_access
from tests.support.apps import App
from tests.support.browser import Browser
from tests.support.town import Town

SCOPES = "openid profile email address grant_management_query grant_management_revoke"


def manager(town: Town, **metadata: Any) -> App:
    grants = ["authorization_code", "refresh_token", "client_credentials"]
    return town.register(**{"grant_types": grants, "scope": SCOPES} | metadata)


def api(app: App, managed_id: str, method: str = "get", scope: str | None = None) -> Any:
    token = app.post("/token", {"grant_type": "client_credentials", "scope": scope}).json["access_token"]
    call = getattr(app.town.app.test_client(), method)
    return call(f"/grants/{managed_id}", headers={"Authorization": f"Bearer {token}"})


def create(browser: Browser, app: App, **changes: str | None) -> dict[str, Any]:
    return browser.tokens(app, grant_management_action="create", **changes)


def test_create_and_query(any_town: Town) -> None:
    app, browser = manager(any_town), any_town.signed_in()
    tokens = create(browser, app)
    answer = api(app, tokens["grant_id"])
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json == {"scopes": [{"scope": "openid profile"}]}
    assert app.refresh(tokens["refresh_token"]).json["grant_id"] == tokens["grant_id"]
    assert "grant_id" not in browser.tokens(app)  # only when asked for


@pytest.mark.parametrize("action", ["merge", "update"])
def test_merge_adds_and_ends_the_older_tokens(any_town: Town, action: str) -> None:
    app, browser = manager(any_town), any_town.signed_in()
    first = create(browser, app)
    claims = '{"userinfo": {"address": null}}'
    second = browser.tokens(
        app, scope="openid email", claims=claims, grant_management_action=action, grant_id=first["grant_id"]
    )
    assert second["grant_id"] == first["grant_id"]
    assert set(second["scope"].split()) == {"openid", "profile", "email"}
    assert {"name", "email", "address"} <= set(app.userinfo(second["access_token"]).json)
    shown = api(app, first["grant_id"]).json
    assert set(shown["scopes"][0]["scope"].split()) == {"openid", "profile", "email"}
    assert shown["claims"] == ["address"]
    assert app.refresh(first["refresh_token"]).json["error"] == "invalid_grant"
    assert app.userinfo(first["access_token"]).status_code == 401
    again = app.refresh(second["refresh_token"]).json
    assert set(again["scope"].split()) == {"openid", "profile", "email"}


def test_replace_takes_what_was_away(any_town: Town) -> None:
    app, browser = manager(any_town), any_town.signed_in()
    first = create(browser, app)
    second = browser.tokens(app, scope="openid email", grant_management_action="replace", grant_id=first["grant_id"])
    assert second["scope"] == "openid email"
    assert api(app, first["grant_id"]).json == {"scopes": [{"scope": "openid email"}]}
    assert app.introspect(first["access_token"]) == {"active": False}


def test_another_residents_grant_is_not_added_to(town: Town, browser: Browser) -> None:
    app = manager(town)
    managed_id = create(browser, app)["grant_id"]
    taro = town.signed_in("taro")
    answer = taro.authorize(app, grant_management_action="merge", grant_id=managed_id)
    if answer.status_code == 303:
        answer = taro.post(answer.location, {"decision": "allow"})
    assert "error=invalid_grant_id" in answer.location


def test_two_changes_at_once_do_not_both_stand_on_the_old(town: Town, browser: Browser) -> None:
    app = manager(town)
    first = create(browser, app)
    codes = [
        browser.code(app, grant_management_action="replace", grant_id=first["grant_id"], scope=scope)
        for scope in ("openid", "openid email")
    ]
    answers = [app.redeem(code).json for code in codes]
    assert app.introspect(answers[0]["access_token"]) == {"active": False}
    assert app.introspect(answers[1]["access_token"])["active"] is True


def test_a_grant_that_ended_meanwhile_gives_nothing(town: Town) -> None:
    app, resident, browser = manager(town), town.resident(), town.browser()
    browser.sign_in(resident)
    first = create(browser, app)
    code = browser.code(app, grant_management_action="merge", grant_id=first["grant_id"])
    api(app, first["grant_id"], "delete")
    assert app.redeem(code).json["error"] == "invalid_grant"
    third = create(browser, app)
    with town.writing() as session:
        end_app_access(session, resident, app.client_id)  # the resident's word ends it as well
    assert api(app, third["grant_id"]).status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"grant_management_action": "delete"},
        {"grant_management_action": "create", "grant_id": "x"},
        {"grant_management_action": "merge"},
        {"grant_management_action": "replace"},
        {"grant_id": "x"},
    ],
    ids=str,
)
def test_bad_requests(shared_town: Town, shared_browser: Browser, changes: dict[str, str]) -> None:
    answer = shared_browser.authorize(manager(shared_town), **changes)
    assert "error=invalid_request" in answer.location
