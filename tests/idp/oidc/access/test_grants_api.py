"""The grants API: an app looks at and ends its own grants, with a token for just that; nobody else's."""

from __future__ import annotations

from tests.idp.oidc.grants.test_grant_management import api, create, manager
from tests.support.browser import Browser
from tests.support.town import Town


def test_revoke_ends_every_token(any_town: Town) -> None:
    app, browser = manager(any_town), any_town.signed_in()
    tokens = create(browser, app)
    assert api(app, tokens["grant_id"], "delete").status_code == 204
    assert app.userinfo(tokens["access_token"]).status_code == 401
    assert app.refresh(tokens["refresh_token"]).status_code == 400
    assert api(app, tokens["grant_id"]).status_code == 404
    assert api(app, tokens["grant_id"], "delete").status_code == 404


def test_another_clients_grant_is_unknown(town: Town, browser: Browser) -> None:
    app, other = manager(town), manager(town)
    managed_id = create(browser, app)["grant_id"]
    assert api(other, managed_id).status_code == 404
    assert api(other, managed_id, "delete").status_code == 404
    for action in ("merge", "update", "replace"):
        answer = browser.authorize(other, grant_management_action=action, grant_id=managed_id)
        assert "error=invalid_grant_id" in answer.location
    assert api(app, managed_id).status_code == 200


def test_each_call_needs_its_own_scope_and_a_token_of_the_clients_own(town: Town, browser: Browser) -> None:
    app = manager(town)
    tokens = create(browser, app)
    assert api(app, tokens["grant_id"], "get", "grant_management_revoke").status_code == 403
    assert api(app, tokens["grant_id"], "delete", "grant_management_query").status_code == 403
    client = town.app.test_client()
    for headers in ({}, {"Authorization": f"Bearer {tokens['access_token']}"}, {"Authorization": "Bearer x"}):
        answer = client.get(f"/grants/{tokens['grant_id']}", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.mimetype == "application/problem+json"
    assert api(app, tokens["grant_id"]).status_code == 200


def test_discovery_says_it(town: Town) -> None:
    document = town.app.test_client().get("/.well-known/openid-configuration").json
    assert document["grant_management_endpoint"] == f"{town.issuer}/grants"
    assert set(document["grant_management_actions_supported"]) == {
        "create",
        "merge",
        "query",
        "replace",
        "revoke",
        "update",
    }
