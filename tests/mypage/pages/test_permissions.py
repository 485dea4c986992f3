"""Apps with access: besides what they see, what they may do, in the words in which it was agreed to."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import delete

from idp.oidc.grants.model import Grant
from idp.oidc.registration.register_client import CityOptions
from tests.idp.oidc.resources.test_resource_indicators import CARE, SCOPE, TAX, TAX2, make_offices, policy
from tests.idp.oidc.resources.test_rich_authorization import TYPE, WANTED, rich_app
from tests.support.apps import App
from tests.support.town import Town

SETTINGS = "/my/settings/apps"
DETAILS = json.dumps(WANTED)


@pytest.fixture
def offices(town: Town) -> dict[str, App]:
    return make_offices(town)


def test_other_departments_apis_in_plain_words(any_town: Town) -> None:
    town, offices = any_town, make_offices(any_town)
    browser = town.signed_in()
    browser.tokens(offices["app"], scope=SCOPE, resource=f"{TAX} {TAX2}")
    page = browser.get(SETTINGS).text
    assert page.count("See your tax records (税務課)") == 1, "one permission, although at two addresses"
    assert "See your care records" not in page
    assert TAX not in page
    browser.tokens(offices["app"], scope=SCOPE, resource=CARE)
    assert "See your care records (care)" in browser.get(SETTINGS).text
    japanese = town.browser("ja")
    japanese.sign_in(town.resident())
    assert "税の情報を見る (税務課)" in japanese.get(SETTINGS).text
    assert "app-permissions" not in town.signed_in("taro").get(SETTINGS).text


def test_an_app_without_consent_shows_what_it_got(town: Town, offices: dict[str, App]) -> None:
    quiet = town.register(CityOptions(skip_consent=True))
    policy(town, quiet, may_request={TAX: ["tax:read"]})
    browser = town.signed_in()
    browser.tokens(quiet, scope="openid tax:read", resource=TAX)
    assert "See your tax records (税務課)" in browser.get(SETTINGS).text


def test_details_are_said_as_on_the_consent_page(any_town: Town) -> None:
    app, browser = rich_app(any_town), any_town.signed_in()
    browser.tokens(app, authorization_details=DETAILS)
    browser.tokens(app, authorization_details=DETAILS)
    browser.tokens(app, authorization_details=json.dumps([{**WANTED[0], "year": 2025}]))
    page = browser.get(SETTINGS).text
    assert page.count("Fetch tax certificates of 2026 (kinds: income)") == 1
    assert "Fetch tax certificates of 2025 (kinds: income)" in page


def test_an_ended_access_is_not_shown_any_more(town: Town, offices: dict[str, App]) -> None:
    app, browser = rich_app(town), town.signed_in()
    browser.tokens(app, authorization_details=DETAILS)
    browser.tokens(offices["app"], scope=SCOPE, resource=TAX)
    for gone in (app, offices["app"]):
        assert browser.post(f"{SETTINGS}/{gone.client_id}/end").status_code == 303
    page = browser.get(SETTINGS).text
    assert "tax certificates" not in page
    assert "tax records" not in page


def test_what_cannot_be_said_any_more_is_counted_not_hidden(town: Town) -> None:
    app, browser = rich_app(town), town.signed_in()
    browser.tokens(app, authorization_details=DETAILS)
    town.change(delete(Grant).where(Grant.client_id == app.client_id))
    assert "1 thing you allowed before; its details are not kept any more." in browser.get(SETTINGS).text


def test_a_type_or_api_that_the_city_took_away_breaks_nothing(town: Town, offices: dict[str, App]) -> None:
    app, browser = rich_app(town), town.signed_in()
    browser.tokens(app, authorization_details=DETAILS)
    browser.tokens(offices["app"], scope=SCOPE, resource=TAX)
    policy(town, app)
    policy(town, offices["tax"])
    page = browser.get(SETTINGS)
    assert page.status_code == 200
    assert "tax_certificate (kinds: income, year: 2026)" in page.text
    assert "See your tax records" not in page.text


def test_what_an_app_or_the_city_wrote_is_text(town: Town) -> None:
    app, browser = rich_app(town), town.signed_in()
    evil = {"ja": "<script>alert(1)</script>{year}", "en": "<script>alert(1)</script>{year}"}
    policy(town, app, authorization_details_types={"tax_certificate": {**TYPE, "consent": evil}})
    browser.tokens(app, authorization_details=DETAILS)
    page = browser.get(SETTINGS).text
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
