"""Every flow is a list, and each begins by asking who calls: also one that is added tomorrow."""

from __future__ import annotations

import pytest

from idp.oidc import client_auth
from idp.oidc.flows import FORM, ListedEndpoint, ListedGrant
from tests.support.apps import App
from tests.support.town import Town


def test_every_endpoint_and_grant_on_authlibs_server_is_a_table(shared_town: Town) -> None:
    server = shared_town.op.server
    endpoints = [endpoint for several in server._endpoints.values() for endpoint in several]
    grants = [grant for grant, _ in server._token_grants]
    assert len(endpoints) >= 5
    assert len(grants) >= 7
    assert all(isinstance(endpoint, ListedEndpoint) for endpoint in endpoints)
    assert all(issubclass(grant, ListedGrant) for grant in grants)


def test_a_flow_asks_who_calls_before_anything_else(shared_town: Town) -> None:
    """A grant without client authentication, or with a check before it that tells or uses something up, does not get in."""
    server = shared_town.op.server
    for endpoint in (endpoint for several in server._endpoints.values() for endpoint in several):
        rows = endpoint.CHECKS.checks
        assert rows[:3] in (client_auth.ANY_CLIENT, client_auth.CONFIDENTIAL_CLIENT), endpoint.ENDPOINT_NAME
        assert rows[:1] == FORM
    for grant, _ in server._token_grants:
        assert grant.CHECKS.checks[:4] in (client_auth.ANY_CALLER, client_auth.CONFIDENTIAL_CALLER), grant.GRANT_TYPE
        assert grant.GRANT_TYPE == grant.ASKED.GRANT_TYPE != ""


def test_what_uses_something_up_is_the_last_row(shared_town: Town) -> None:
    """So that a request that is not entitled to it leaves the code, token or answer as it was."""
    last = {grant.GRANT_TYPE: grant.CHECKS.checks[-1].run.__name__ for grant, _ in shared_town.op.server._token_grants}
    once = {kind for kind, name in last.items() if name.endswith("_once")}
    assert once == {
        "authorization_code",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:openid:params:grant-type:ciba",
    }
    for grant, _ in shared_town.op.server._token_grants:
        assert not [check for check in grant.CHECKS.checks[:-1] if check.run.__name__.endswith("_once")]


@pytest.mark.parametrize(
    "path", ["/token", "/par", "/device_authorization", "/backchannel_authentication", "/introspect", "/revoke"]
)
def test_an_endpoint_says_what_is_wrong_with_the_form_before_who_calls(shared_town: Town, path: str) -> None:
    app: App = shared_town.register()
    answer = shared_town.app.test_client().post(path, json={"grant_type": "authorization_code"})
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")
    twice = shared_town.app.test_client().post(
        path,
        data="client_id=a&client_id=b",
        content_type="application/x-www-form-urlencoded",
        auth=(app.client_id, "x"),
    )
    assert (twice.status_code, twice.json["error"]) == (400, "invalid_request")
    assert "more than once" in twice.json["error_description"]
