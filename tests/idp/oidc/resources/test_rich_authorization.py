"""Rich authorization requests (RFC 9396): types with a schema and a sentence, shown, consented to, kept with the grant."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from idp.oidc.policy.policy import PolicyError, set_policy
from idp.oidc.registration.register_client import CityOptions
from tests.support.apps import App
from tests.support.browser import Browser
from tests.support.town import Town

SCHEMA = {
    "type": "object",
    "properties": {
        "year": {"type": "integer", "minimum": 2000, "maximum": 2100},
        "kinds": {"type": "array", "items": {"type": "string", "enum": ["income", "resident"]}, "minItems": 1},
        "note": {"type": "string", "maxLength": 20, "pattern": "^[a-z ]+$"},
    },
    "required": ["year"],
}
TYPE = {
    "schema": SCHEMA,
    "consent": {"ja": "{year}年度の税の証明書を取得する", "en": "Fetch tax certificates of {year}"},
}
WANTED = [{"type": "tax_certificate", "year": 2026, "kinds": ["income"]}]


def rich_app(town: Town, options: CityOptions | None = None, **metadata: Any) -> App:
    app = town.register(options, **metadata)
    policy(town, app, authorization_details_types={"tax_certificate": TYPE})
    return app


def policy(town: Town, app: App, **given: Any) -> None:
    with town.app.app_context(), town.writing() as session:
        set_policy(session, app.client_id, given, "test")


def test_the_whole_way(any_town: Town) -> None:
    app, browser = rich_app(any_town), any_town.signed_in()
    asked = browser.authorize(app, authorization_details=json.dumps(WANTED))
    page = browser.get(asked.location).text
    assert "Fetch tax certificates of 2026 (kinds: income)" in page
    tokens = browser.tokens(app, authorization_details=json.dumps(WANTED))
    assert tokens["authorization_details"] == WANTED
    assert app.introspect(tokens["access_token"])["authorization_details"] == WANTED
    assert app.introspect(tokens["refresh_token"])["authorization_details"] == WANTED
    again = app.refresh(tokens["refresh_token"]).json
    assert again["authorization_details"] == WANTED
    assert app.introspect(again["access_token"])["authorization_details"] == WANTED
    payload = tokens["access_token"].split(".")[1]
    assert "tax" not in base64.urlsafe_b64decode(payload + "==").decode()  # nothing personal inside


def test_the_same_is_not_asked_twice_and_something_else_is(town: Town, browser: Browser) -> None:
    app = rich_app(town)
    browser.tokens(app, authorization_details=json.dumps(WANTED))
    same_in_other_order = json.dumps([dict(reversed(list(WANTED[0].items())))])
    assert browser.authorize(app, authorization_details=same_in_other_order).status_code == 302
    more = json.dumps([{**WANTED[0], "year": 2025}])
    assert "/consent/" in browser.authorize(app, authorization_details=more).location
    assert "authorization_details" not in browser.tokens(app)


def test_an_app_without_consent_still_asks_for_this(town: Town, browser: Browser) -> None:
    app = rich_app(town, CityOptions(skip_consent=True))
    assert browser.authorize(app).status_code == 302
    assert "/consent/" in browser.authorize(app, authorization_details=json.dumps(WANTED)).location
    none = browser.authorize(app, authorization_details=json.dumps(WANTED), prompt="none")
    assert "error=consent_required" in none.location


def test_a_no_gives_nothing(town: Town, browser: Browser) -> None:
    app = rich_app(town)
    asked = browser.authorize(app, authorization_details=json.dumps(WANTED))
    assert "error=access_denied" in browser.post(asked.location, {"decision": "deny"}).location


@pytest.mark.parametrize(
    "details",
    [
        "x", "{}", "[]", "[1]", "null", '[{"year": 2026}]', '[{"type": 7, "year": 2026}]', '[{"type": "payment"}]',
        '[{"type": "tax_certificate"}]', '[{"type": "tax_certificate", "year": "2026"}]',
        '[{"type": "tax_certificate", "year": true}]', '[{"type": "tax_certificate", "year": 1999}]',
        '[{"type": "tax_certificate", "year": 2026, "more": 1}]', '[{"type": "tax_certificate", "year": 2026, "kinds": []}]',
        '[{"type": "tax_certificate", "year": 2026, "kinds": ["all"]}]',
        '[{"type": "tax_certificate", "year": 2026, "note": "A"}]',
        '[{"type": "tax_certificate", "year": 2026, "note": "' + "a" * 21 + '"}]',
        json.dumps([WANTED[0]] * 11), json.dumps([WANTED[0], {"type": "payment"}]),
        '[{"type": "tax_certificate", "year": 2026, "\\u0022\\u000d\\u000a": 1}]',
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(shared_town: Town, shared_browser: Browser, details: str) -> None:
    app = rich_app(shared_town)
    answer = shared_browser.authorize(app, authorization_details=details)
    assert answer.status_code == 302
    assert "error=invalid_authorization_details" in answer.location


def test_another_apps_type_is_unknown(town: Town, browser: Browser, app: App) -> None:
    rich_app(town)
    answer = browser.authorize(app, authorization_details=json.dumps(WANTED))
    assert "error=invalid_authorization_details" in answer.location


def test_a_type_taken_away_is_refused_at_the_resume(town: Town, browser: Browser) -> None:
    app = rich_app(town)
    asked = browser.authorize(app, authorization_details=json.dumps(WANTED))
    policy(town, app)
    answer = browser.post(asked.location, {"decision": "allow"})
    assert "error=invalid_authorization_details" in answer.location


def test_it_is_not_taken_at_the_token_endpoint_and_nothing_is_used_up(town: Town, browser: Browser) -> None:
    app = rich_app(town)
    code = browser.code(app, authorization_details=json.dumps(WANTED))
    answer = app.redeem(code, authorization_details=json.dumps(WANTED))
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_authorization_details")
    assert app.redeem(code).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": {"type": "string"}},
        {"schema": {"type": "object", "format": "date"}},
        {"schema": {"type": "object", "properties": {"a": {"type": "thing"}}}},
        {"schema": {"type": "object", "properties": {"a": {"type": "string", "pattern": "(a+)+$"}}}},
        {"schema": {"type": "object", "properties": {"a": {"type": "string", "pattern": "("}}}},
        {"consent": {"ja": "証明書", "en": "Certificates"}},  # does not say the year it needs
        {"consent": {"ja": "{year}"}},
    ],
    ids=str,
)
def test_types_that_cannot_be(shared_town: Town, changes: dict[str, Any]) -> None:
    app = shared_town.register()
    with pytest.raises(PolicyError):
        policy(shared_town, app, authorization_details_types={"t": TYPE | changes})
