"""Resource indicators (RFC 8707): several APIs at authorize, a part at the token endpoint, one department a token."""

from __future__ import annotations

from typing import Any

import pytest

from idp.oidc.grants.model import Grant
from idp.oidc.policy.policy import set_policy
from tests.support.apps import VERIFIER, App
from tests.support.browser import Browser
from tests.support.town import Town

TAX, TAX2, CARE = "https://tax.example/api", "https://tax.example/other", "https://care.example/api"
TAX_READ = {"tax:read": {"ja": "税の情報を見る", "en": "See your tax records"}}
CARE_READ = {"care:read": {"ja": "介護の情報を見る", "en": "See your care records"}}
SCOPE = "openid profile tax:read care:read"


def policy(town: Town, app: App, **given: Any) -> None:
    with town.app.app_context(), town.writing() as session:
        set_policy(session, app.client_id, given, "test")


def make_offices(town: Town) -> dict[str, App]:
    app = town.register()
    tax = town.register(department="税務課")
    care = town.register(client_name="care")
    policy(town, tax, resource_indicators={TAX: TAX_READ, TAX2: TAX_READ})
    policy(town, care, resource_indicators={CARE: CARE_READ})
    policy(town, app, may_request={TAX: ["tax:read"], TAX2: ["tax:read"], CARE: ["care:read"]})
    return {"app": app, "tax": tax, "care": care}


@pytest.fixture
def offices(town: Town) -> dict[str, App]:
    return make_offices(town)


def redeem(app: App, browser: Browser, resources: list[str], resource: str | None = None, scope: str = SCOPE) -> Any:
    code = browser.code(app, scope=scope, resource=" ".join(resources))
    return app.redeem(code, resource=resource)


def test_several_at_authorize_and_each_in_turn(any_town: Town) -> None:
    offices, browser = make_offices(any_town), any_town.signed_in()
    app, tax, care = offices["app"], offices["tax"], offices["care"]
    first = redeem(app, browser, [any_town.issuer, TAX, CARE], any_town.issuer)
    assert first.status_code == 200, first.text
    assert first.json["scope"] == "openid profile"
    own = app.userinfo(first.json["access_token"])
    assert own.json["name"] == "見本 花子"
    second = app.refresh(first.json["refresh_token"], resource=TAX).json
    assert second["scope"] == "tax:read"
    seen = tax.introspect(second["access_token"])
    assert (seen["active"], seen["aud"], seen["scope"], seen["client_id"]) == (True, [TAX], "tax:read", app.client_id)
    assert "act" not in seen
    assert seen["sub"] != own.json["sub"]
    third = app.refresh(second["refresh_token"], resource=CARE).json
    assert care.introspect(third["access_token"])["sub"] not in (seen["sub"], own.json["sub"])
    assert care.introspect(second["access_token"]) == {"active": False}
    assert app.userinfo(second["access_token"]).status_code == 401


def test_repeated_parameters_are_several_resources(offices: dict[str, App], browser: Browser) -> None:
    app = offices["app"]
    query = [*app.request(scope=SCOPE).items(), ("resource", TAX), ("resource", CARE)]
    answer = browser.get("/authorize", query_string=query)
    page = browser.get(answer.location).text
    assert "See your tax records (税務課)" in page
    assert "See your care records (care)" in page


def test_without_a_part_the_first_department_is_meant(town: Town, offices: dict[str, App], browser: Browser) -> None:
    body = redeem(offices["app"], browser, [TAX, CARE, TAX2]).json
    seen = offices["tax"].introspect(body["access_token"])
    assert set(seen["aud"]) == {TAX, TAX2}  # one department's APIs, never two departments'
    assert body["scope"] == "tax:read"
    assert offices["care"].introspect(body["access_token"]) == {"active": False}
    assert offices["app"].id_token(body["id_token"])["iss"] == town.issuer


def test_more_than_was_granted_is_refused_and_uses_nothing_up(
    town: Town, offices: dict[str, App], browser: Browser
) -> None:
    app = offices["app"]
    code = browser.code(app, scope=SCOPE, resource=TAX)
    for resource in (CARE, town.issuer, f"{TAX} {CARE}", "https://nobody.example/"):
        answer = app.redeem(code, resource=resource)
        assert (answer.status_code, answer.json["error"]) == (400, "invalid_target")
    body = app.redeem(code, resource=TAX).json
    answer = app.refresh(body["refresh_token"], resource=CARE)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_target")
    assert app.refresh(body["refresh_token"]).status_code == 200


def test_who_named_none_gets_none_later(town: Town, offices: dict[str, App], browser: Browser) -> None:
    app = offices["app"]
    code = browser.code(app, scope=SCOPE)
    assert app.redeem(code, resource=TAX).json["error"] == "invalid_target"
    body = app.redeem(code, resource=town.issuer).json
    assert body["scope"] == "openid profile"  # departments' scopes mean nothing without their API


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"resource": "https://nobody.example/"}, "invalid_target"),
        ({"resource": f"{TAX} https://nobody.example/"}, "invalid_target"),
        ({"resource": "tax"}, "invalid_target"),
        ({"resource": f"{TAX}#x"}, "invalid_target"),
        ({"resource": f"{TAX}/"}, "invalid_target"),
        ({"resource": TAX, "scope": "openid"}, "invalid_scope"),
        ({"resource": f"{TAX} {CARE}", "scope": "openid tax:read"}, "invalid_scope"),
    ],
)
def test_what_the_city_did_not_allow(
    offices: dict[str, App], browser: Browser, changes: dict[str, str], error: str
) -> None:
    answer = browser.authorize(offices["app"], **{"scope": SCOPE} | changes)
    assert f"error={error}" in answer.location


def test_another_app_may_not(town: Town, offices: dict[str, App], browser: Browser, app: App) -> None:
    assert "error=invalid_target" in browser.authorize(app, scope=SCOPE, resource=TAX).location


def test_it_is_consented_to_and_asked_again_for_another_api(offices: dict[str, App], browser: Browser) -> None:
    app = offices["app"]
    redeem(app, browser, [TAX])
    assert browser.authorize(app, scope=SCOPE, resource=TAX).status_code == 302
    assert "/consent/" in browser.authorize(app, scope=SCOPE, resource=TAX2).location


def test_a_resource_taken_away_gives_no_more_tokens(town: Town, offices: dict[str, App], browser: Browser) -> None:
    app = offices["app"]
    body = redeem(app, browser, [TAX]).json
    policy(town, offices["tax"])
    assert app.refresh(body["refresh_token"]).json["error"] == "invalid_target"


def test_such_a_token_is_revoked_and_ends_with_its_family(offices: dict[str, App], browser: Browser) -> None:
    app, tax = offices["app"], offices["tax"]
    body = redeem(app, browser, [TAX]).json
    app.revoke(body["access_token"])
    assert tax.introspect(body["access_token"]) == {"active": False}
    again = app.refresh(body["refresh_token"]).json
    assert tax.introspect(again["access_token"])["active"] is True
    app.revoke(again["refresh_token"])
    assert tax.introspect(again["access_token"]) == {"active": False}


def test_the_verifier_is_still_asked_for(offices: dict[str, App], browser: Browser) -> None:
    app = offices["app"]
    code = browser.code(app, scope=SCOPE, resource=TAX)
    assert app.redeem(code, resource=TAX, code_verifier="w" * 50).json["error"] == "invalid_grant"
    assert app.redeem(code, resource=TAX, code_verifier=VERIFIER).status_code == 200


def test_no_such_token_in_the_front_channel(sqlite_url: str) -> None:
    with Town(sqlite_url, hybrid_flows=True) as town:
        make_offices(town)
        app = town.register(grant_types=["authorization_code", "implicit"], response_types=["code token"])
        policy(town, app, may_request={TAX: ["tax:read"]})
        asked = {"scope": "openid tax:read", "resource": TAX, "response_type": "code token"}
        assert "error=invalid_target" in town.signed_in().authorize(app, **asked).location


def test_an_api_that_is_gone_uses_no_code_up(town: Town, offices: dict[str, App], browser: Browser) -> None:
    app = offices["app"]
    for resource in (None, TAX):
        code = browser.code(app, scope=SCOPE, resource=TAX)
        policy(town, offices["tax"])
        assert app.redeem(code, resource=resource).json["error"] == "invalid_target"
        policy(town, offices["tax"], resource_indicators={TAX: {"tax:write": TAX_READ["tax:read"]}})
        assert app.redeem(code, resource=resource).json["error"] == "invalid_scope"
        policy(town, offices["tax"], resource_indicators={TAX: TAX_READ, TAX2: TAX_READ})
        assert app.redeem(code, resource=resource).status_code == 200


@pytest.mark.parametrize("asked", [{"scope": "openid"}, {"scope": "openid", "resource": TAX}])
def test_a_part_that_is_for_no_api_uses_no_refresh_token_up(
    town: Town, offices: dict[str, App], browser: Browser, asked: dict[str, str]
) -> None:
    app = offices["app"]
    token = redeem(app, browser, [TAX, CARE]).json["refresh_token"]
    assert app.refresh(token, **asked).json["error"] == "invalid_scope"
    (grant,) = town.rows(Grant, Grant.client_id == app.client_id)
    assert grant.refresh_count == 0


def test_another_app_learns_nothing_of_what_a_refresh_token_is_for(
    town: Town, offices: dict[str, App], browser: Browser
) -> None:
    token = redeem(offices["app"], browser, [TAX]).json["refresh_token"]
    for asked in ({"scope": "tax:read"}, {"scope": "tax:write"}, {"resource": TAX}, {"resource": CARE}):
        assert offices["care"].refresh(token, **asked).json["error"] == "invalid_grant"
    assert offices["app"].refresh(token).status_code == 200
