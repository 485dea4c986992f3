"""`verified_claims` (OpenID Identity Assurance): only when asked, under our own trust framework, and never something else instead."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from idp.foundation import clock
from tests.support.apps import App
from tests.support.browser import Browser, callback
from tests.support.town import Town

FRAMEWORK = "urn:machi:trust-framework:resident-register"


def request(claims: Any, section: str = "userinfo", **verification: Any) -> str:
    return json.dumps(
        {section: {"verified_claims": {"verification": {"trust_framework": None, **verification}, "claims": claims}}}
    )


def answers(browser: Browser, app: App, claims: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the ID token and userinfo say."""
    body = browser.tokens(app, scope="openid", claims=claims)
    return app.id_token(body["id_token"]), app.userinfo(body["access_token"]).json


def test_happy_in_userinfo_only(browser: Browser, app: App) -> None:
    token, userinfo = answers(browser, app, request({"name": None, "birthdate": {"essential": False}}))
    assert "verified_claims" not in token
    assert userinfo["verified_claims"]["verification"] == {"trust_framework": FRAMEWORK}
    assert userinfo["verified_claims"]["claims"]["birthdate"] == "1989-04-12"
    assert "name" not in userinfo  # asked for as verified, not beside


def test_only_in_the_id_token(browser: Browser, app: App) -> None:
    token, userinfo = answers(browser, app, request({"address": {"essential": True}}, "id_token"))
    assert token["verified_claims"]["claims"]["address"]["country"] == "JP"
    assert set(userinfo) == {"sub"}


def test_elements_of_the_verification_only_when_asked(browser: Browser, app: App) -> None:
    _, userinfo = answers(browser, app, request({"name": None}, time=None, assurance_level=None, evidence=None))
    found = userinfo["verified_claims"]["verification"]
    assert set(found) == {"trust_framework", "time", "assurance_level"}
    assert found["assurance_level"] == "ial3"
    assert found["time"].endswith("Z")
    assert "serial" not in json.dumps(userinfo)


def test_unknown_claims_are_left_out(browser: Browser, app: App) -> None:
    _, userinfo = answers(browser, app, request({"name": None, "my_number": None, "straße/<x>": None, "email": None}))
    assert set(userinfo["verified_claims"]["claims"]) == {"name"}
    _, none = answers(browser, app, request({"nonsense": None}))
    assert "verified_claims" not in none


def test_a_value_that_does_not_fit_is_left_out(browser: Browser, app: App) -> None:
    _, userinfo = answers(
        browser, app, request({"name": {"value": "random"}, "gender": {"values": ["female", "male"]}})
    )
    assert set(userinfo["verified_claims"]["claims"]) == {"gender"}
    _, none = answers(browser, app, request({"name": {"value": "random"}}))
    assert "verified_claims" not in none


@pytest.mark.parametrize(
    "rule",
    [
        {"trust_framework": {"value": "de_aml"}},
        {"trust_framework": {"values": ["de_aml", "eidas"]}},
        {"assurance_level": {"value": "ial9"}},
        {"verification_process": {"value": "x"}},
    ],
)
def test_another_framework_gets_nothing(browser: Browser, app: App, rule: dict[str, Any]) -> None:
    _, userinfo = answers(browser, app, request({"name": None}, **rule))
    assert "verified_claims" not in userinfo


def test_our_framework_by_name(browser: Browser, app: App) -> None:
    _, userinfo = answers(browser, app, request({"name": None}, trust_framework={"value": FRAMEWORK}))
    assert userinfo["verified_claims"]


def test_a_proof_that_is_too_old(town: Town, browser: Browser, app: App) -> None:
    body = browser.tokens(app, scope="openid", claims=request({"name": None}, time={"max_age": 300}))
    assert "verified_claims" in app.userinfo(body["access_token"]).json
    with clock.travelled(timedelta(seconds=400)):
        assert "verified_claims" not in app.userinfo(body["access_token"]).json


def test_several_requests(browser: Browser, app: App) -> None:
    one = {"verification": {"trust_framework": None}, "claims": {"name": None}}
    other = {"verification": {"trust_framework": {"value": "eidas"}}, "claims": {"name": None}}
    _, userinfo = answers(browser, app, json.dumps({"userinfo": {"verified_claims": [one, other]}}))
    assert [a["verification"]["trust_framework"] for a in userinfo["verified_claims"]] == [FRAMEWORK]


def test_not_unless_asked(browser: Browser, app: App) -> None:
    body = browser.tokens(app, scope="openid profile email address phone")
    assert "verified_claims" not in app.userinfo(body["access_token"]).json
    assert "verified_claims" not in app.id_token(body["id_token"])


@pytest.mark.parametrize(
    "found",
    [
        {},
        [{}],
        "x",
        {"claims": {"name": None}},
        {"verification": {}, "claims": {"name": None}},
        {"verification": {"trust_framework": None}},
        {"verification": {"trust_framework": None}, "claims": {}},
        {"verification": {"trust_framework": None}, "claims": {"name": 1}},
        {"verification": {"trust_framework": "x"}, "claims": {"name": None}},
    ],
)
def test_wrong_shapes(browser: Browser, app: App, found: Any) -> None:
    answer = callback(browser.authorize(app, claims=json.dumps({"userinfo": {"verified_claims": found}})))
    assert answer["error"] == "invalid_request"


def test_consent_covers_them(browser: Browser, app: App) -> None:
    browser.sign_on(app, scope="openid")
    page = browser.authorize(app, scope="openid", claims=request({"birthdate": None}))
    assert "1989" in browser.get(page.location).text


def test_discovery(town: Town) -> None:
    body = town.app.test_client().get("/.well-known/openid-configuration").json
    assert body["verified_claims_supported"] is True
    assert body["trust_frameworks_supported"] == [FRAMEWORK]
    assert "name" in body["claims_in_verified_claims_supported"]
