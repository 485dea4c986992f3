"""The `claims` parameter (OIDC Core §5.5): single claims in userinfo and in the ID token, with consent, and nothing unasked."""

from __future__ import annotations

import json
from typing import Any

from tests.support.apps import App
from tests.support.browser import Browser, callback
from tests.support.town import Town


def asked(**sections: Any) -> str:
    return json.dumps(sections)


def test_in_the_id_token_only(browser: Browser, app: App) -> None:
    body = browser.tokens(app, scope="openid", claims=asked(id_token={"name": {"essential": True}, "gender": None}))
    claims = app.id_token(body["id_token"])
    assert claims["name"].replace("　", " ") == "見本 花子"
    assert claims["gender"] == "female"
    assert set(app.userinfo(body["access_token"]).json) == {"sub"}
    again = app.id_token(app.refresh(body["refresh_token"]).json["id_token"])
    assert (again["name"], again["gender"]) == (claims["name"], claims["gender"])


def test_in_userinfo_only(browser: Browser, app: App) -> None:
    body = browser.tokens(app, scope="openid", claims=asked(userinfo={"birthdate": {"essential": False}}))
    assert "birthdate" not in app.id_token(body["id_token"])
    assert app.userinfo(body["access_token"]).json["birthdate"] == "1989-04-12"


def test_split_and_unknown(browser: Browser, app: App) -> None:
    wanted = asked(
        id_token={"name": None, "my_number": None, "favourite colour!": None}, userinfo={"address": None, "sid": None}
    )
    body = browser.tokens(app, scope="openid", claims=wanted)
    assert {"name"} <= set(app.id_token(body["id_token"]))
    assert not {"my_number", "favourite colour!", "address"} & set(app.id_token(body["id_token"]))
    assert set(app.userinfo(body["access_token"]).json) == {"sub", "address"}


def test_it_needs_consent(town: Town, browser: Browser, app: App) -> None:
    browser.sign_on(app, scope="openid")
    page = browser.authorize(app, scope="openid", claims=asked(id_token={"birthdate": None}))
    assert "/consent/" in page.location
    assert "1989" in browser.get(page.location).text
    silent = browser.authorize(app, scope="openid", claims=asked(id_token={"birthdate": None}), prompt="none")
    assert callback(silent)["error"] == "consent_required"


def test_registered_claims_cannot_be_overwritten(browser: Browser, app: App) -> None:
    wanted = asked(id_token={"iss": {"value": "https://evil.example"}, "aud": {"value": "x"}, "acr": {"value": "x"}})
    claims = app.id_token(browser.tokens(app, claims=wanted)["id_token"])
    assert claims["iss"] == browser.town.issuer
    assert claims["aud"] == app.client_id


def test_wrong_shapes(browser: Browser, app: App) -> None:
    for wrong in ("[]", "{", '{"id_token": []}', '{"id_token": {"name": 1}}', '{"userinfo": {"name": [1]}}',
                  '{"id_token": {"acr": {"values": "x"}}}', '{"id_token": {"verified_claims": 1}}'):  # fmt: skip
        assert callback(browser.authorize(app, claims=wrong))["error"] == "invalid_request", wrong


def test_display_locales_and_login_hint_disturb_nothing(browser: Browser, app: App) -> None:
    assert "code" in browser.sign_on(app, display="popup", claims_locales="ja en", login_hint="hanako@example.com")


def test_create_leads_to_the_ways_of_beginning(town: Town, app: App) -> None:
    browser = town.browser()
    answer = browser.authorize(app, prompt="create")
    page = browser.get(answer.location)
    assert "New here?" in page.text
    assert "/code" in page.text
    signed_in = town.signed_in()
    assert "/signin/" in signed_in.authorize(app, prompt="create").location
