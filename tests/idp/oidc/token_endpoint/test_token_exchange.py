"""Token exchange (RFC 8693): a department calls another's API for a resident, as the city allows, and never as the resident."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from idp.foundation import clock
from idp.oidc.grants.revoke import end_app_access
from idp.oidc.policy.policy import PolicyError, set_policy
from idp.oidc.tokens.model import ReferenceToken
from tests.support.apps import App
from tests.support.browser import Browser
from tests.support.town import Town

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS = "urn:ietf:params:oauth:token-type:access_token"
TAX, CARE = "https://tax.example/api", "https://care.example/api"
READ = {
    "tax:read": {"ja": "税の情報を見る", "en": "See your tax records"},
    "tax:note": {"ja": "メモ", "en": "Leave a note"},
}
CARE_READ = {"care:read": {"ja": "介護の情報を見る", "en": "See your care records"}}


def policy(town: Town, app: App, **given: Any) -> None:
    with town.app.app_context(), town.writing() as session:
        set_policy(session, app.client_id, given, "test")


@pytest.fixture
def offices(town: Town) -> dict[str, App]:
    return make_offices(town)


def make_offices(town: Town) -> dict[str, App]:
    """The childcare app may read at the tax office; the tax office may read at the care office."""
    childcare = town.register(grant_types=["authorization_code", "refresh_token", EXCHANGE])
    tax = town.register(grant_types=[EXCHANGE])
    care = town.register(grant_types=["client_credentials"], scope="case:write")
    policy(town, care, resource_indicators={CARE: CARE_READ})
    policy(town, tax, resource_indicators={TAX: READ}, may_exchange={CARE: ["care:read"]})
    policy(town, childcare, may_exchange={TAX: ["tax:read"]})
    return {"childcare": childcare, "tax": tax, "care": care}


def exchange(app: App, token: str, **changes: str | None) -> Any:
    form: dict[str, str | None] = {
        "grant_type": EXCHANGE, "subject_token": token, "subject_token_type": ACCESS, "resource": TAX,
    }  # fmt: skip
    return app.post("/token", form | changes)


def test_the_whole_way(any_town: Town) -> None:
    offices = make_offices(any_town)
    childcare, tax = offices["childcare"], offices["tax"]
    mine = any_town.signed_in().tokens(childcare)["access_token"]
    answer = exchange(childcare, mine)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.json
    assert (body["issued_token_type"], body["token_type"], body["scope"]) == (ACCESS, "Bearer", "tax:read")
    assert 0 < body["expires_in"] <= any_town.settings.access_token_seconds
    seen = tax.introspect(body["access_token"])
    assert seen["active"] is True
    assert (seen["aud"], seen["scope"], seen["client_id"]) == ([TAX], "tax:read", childcare.client_id)
    assert seen["act"] == {"sub": childcare.client_id}
    [event] = any_town.events("token_exchanged")
    assert event.client_id == childcare.client_id


def test_neither_department_learns_the_others_number(town: Town, offices: dict[str, App], browser: Browser) -> None:
    """The token is opaque to who bears it, and only the API's own sector's `sub` is told, to the API only."""
    childcare, tax = offices["childcare"], offices["tax"]
    tokens = browser.tokens(childcare)
    childcares = childcare.userinfo(tokens["access_token"]).json["sub"]
    token = exchange(childcare, tokens["access_token"]).json["access_token"]
    for_tax, for_childcare = tax.introspect(token), childcare.introspect(token)
    assert for_tax["sub"] != childcares
    assert childcares not in str(for_tax)
    assert for_childcare["active"] is True
    assert "sub" not in for_childcare
    assert for_tax["sub"] not in token
    assert "." not in token
    assert offices["care"].introspect(token) == {"active": False}


def test_the_target_knows_the_resident_by_its_own_number(town: Town, browser: Browser) -> None:
    offices = make_offices(town)
    from idp.residents.subjects import resident_of

    token = exchange(offices["childcare"], browser.tokens(offices["childcare"])["access_token"]).json["access_token"]
    client = town.op.clients.get(offices["tax"].client_id)
    assert client is not None
    with town.parts.database.read() as session:
        assert resident_of(session, offices["tax"].introspect(token)["sub"], client.sector) is not None


def test_the_chain_says_who_stood_between(offices: dict[str, App], browser: Browser) -> None:
    childcare, tax, care = offices["childcare"], offices["tax"], offices["care"]
    first = exchange(childcare, browser.tokens(childcare)["access_token"]).json["access_token"]
    second = exchange(tax, first, resource=CARE)
    assert second.status_code == 200, second.text
    seen = care.introspect(second.json["access_token"])
    assert seen["act"] == {"sub": tax.client_id, "act": {"sub": childcare.client_id}}
    # A token is exchanged by the API it was made for, not by whoever bears it.
    assert exchange(childcare, first, resource=TAX).json["error"] == "invalid_request"


def test_it_ends_with_the_residents_grant(town: Town, offices: dict[str, App]) -> None:
    resident = town.resident("hanako")
    browser = town.browser()
    browser.sign_in(resident)
    childcare, tax, care = offices["childcare"], offices["tax"], offices["care"]
    first = exchange(childcare, browser.tokens(childcare)["access_token"]).json["access_token"]
    second = exchange(tax, first, resource=CARE).json["access_token"]
    with town.writing() as session:
        end_app_access(session, resident, childcare.client_id)
    assert tax.introspect(first) == {"active": False}
    assert care.introspect(second) == {"active": False}
    assert exchange(tax, first, resource=CARE).json["error"] == "invalid_request"


def test_it_lives_no_longer_than_what_it_was_made_from(offices: dict[str, App], browser: Browser) -> None:
    childcare, tax = offices["childcare"], offices["tax"]
    mine = browser.tokens(childcare)["access_token"]
    with clock.travelled(timedelta(seconds=500)):
        body = exchange(childcare, mine).json
        assert body["expires_in"] <= 101
    with clock.travelled(timedelta(seconds=601)):
        assert tax.introspect(body["access_token"]) == {"active": False}
        assert exchange(childcare, mine).json["error"] == "invalid_request"


def test_a_revoked_token_is_not_exchanged_and_a_made_one_can_be_revoked(
    offices: dict[str, App], browser: Browser
) -> None:
    childcare, tax = offices["childcare"], offices["tax"]
    mine = browser.tokens(childcare)["access_token"]
    made = exchange(childcare, mine).json["access_token"]
    assert tax.revoke(made).status_code == 200
    assert tax.introspect(made)["active"] is True  # not its token to end
    assert childcare.revoke(made).status_code == 200
    assert tax.introspect(made) == {"active": False}
    childcare.revoke(mine)
    assert exchange(childcare, mine).json["error"] == "invalid_request"


def test_another_clients_token_is_not_exchanged(town: Town, offices: dict[str, App], browser: Browser) -> None:
    app = town.register()
    theirs = browser.tokens(app)["access_token"]
    assert exchange(offices["childcare"], theirs).json["error"] == "invalid_request"


def test_other_kinds_of_token_are_not_exchanged(town: Town, offices: dict[str, App], browser: Browser) -> None:
    childcare = offices["childcare"]
    tokens = browser.tokens(childcare)
    for token in (tokens["id_token"], tokens["refresh_token"], "machi_at_" + "x" * 43, "e30.e30.e30", "x"):
        assert exchange(childcare, token).json["error"] == "invalid_request"
    machine = town.register(grant_types=["client_credentials", EXCHANGE], scope="case:write")
    policy(town, machine, may_exchange={TAX: ["tax:read"]})
    own = machine.post("/token", {"grant_type": "client_credentials"}).json["access_token"]
    assert exchange(machine, own).json["error"] == "invalid_request"  # speaks for nobody


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"subject_token_type": "urn:ietf:params:oauth:token-type:id_token"}, "invalid_request"),
        ({"subject_token_type": None}, "invalid_request"),
        ({"subject_token": None}, "invalid_request"),
        ({"requested_token_type": "urn:ietf:params:oauth:token-type:id_token"}, "invalid_request"),
        ({"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request"),
        ({"resource": None}, "invalid_target"),
        ({"resource": CARE}, "invalid_target"),
        ({"resource": f"{TAX} {CARE}"}, "invalid_target"),
        ({"resource": "https://nobody.example/"}, "invalid_target"),
        ({"resource": "http://localhost:8000"}, "invalid_target"),
        ({"audience": "tax"}, "invalid_target"),
        ({"scope": "tax:note"}, "invalid_scope"),
        ({"scope": "tax:read openid"}, "invalid_scope"),
        ({"scope": "care:read"}, "invalid_scope"),
        ({"actor_token": "x"}, "invalid_request"),
        ({"actor_token": "x", "actor_token_type": ACCESS}, "invalid_request"),
        ({"actor_token_type": ACCESS}, "invalid_request"),
    ],
)
def test_what_the_city_did_not_allow(
    offices: dict[str, App], browser: Browser, changes: dict[str, str | None], error: str
) -> None:
    childcare = offices["childcare"]
    answer = exchange(childcare, browser.tokens(childcare)["access_token"], **changes)
    assert (answer.status_code, answer.json["error"]) == (400, error)


def test_the_residents_token_does_not_make_the_resident_the_actor(offices: dict[str, App], browser: Browser) -> None:
    """Impersonation is refused: an actor other than the client itself is none, and `act` is always there."""
    childcare = offices["childcare"]
    mine = browser.tokens(childcare)["access_token"]
    answer = exchange(childcare, mine, actor_token=mine, actor_token_type=ACCESS)
    assert answer.json["error"] == "invalid_request"


def test_an_actor_token_of_the_clients_own_is_taken(town: Town, offices: dict[str, App], browser: Browser) -> None:
    both = town.register(grant_types=["authorization_code", "client_credentials", EXCHANGE], scope="openid case:write")
    policy(town, both, may_exchange={TAX: ["tax:read"]})
    own = both.post("/token", {"grant_type": "client_credentials"}).json["access_token"]
    mine = browser.tokens(both, scope="openid")["access_token"]
    made = exchange(both, mine, actor_token=own, actor_token_type=ACCESS)
    assert made.status_code == 200
    assert offices["tax"].introspect(made.json["access_token"])["act"] == {"sub": both.client_id}


def test_it_is_no_token_for_us(offices: dict[str, App], browser: Browser) -> None:
    childcare = offices["childcare"]
    made = exchange(childcare, browser.tokens(childcare)["access_token"]).json["access_token"]
    assert childcare.userinfo(made).status_code == 401
    assert childcare.refresh(made).status_code == 400


def test_it_is_not_stored_readably(town: Town, offices: dict[str, App], browser: Browser) -> None:
    childcare = offices["childcare"]
    made = exchange(childcare, browser.tokens(childcare)["access_token"]).json["access_token"]
    [row] = town.rows(ReferenceToken)
    assert made not in " ".join(str(getattr(row, c.key)) for c in ReferenceToken.__table__.columns)


def test_the_chain_has_an_end(town: Town, offices: dict[str, App], browser: Browser) -> None:
    tax, care = offices["tax"], town.register(grant_types=[EXCHANGE])
    policy(town, offices["care"])
    policy(town, care, resource_indicators={CARE: CARE_READ}, may_exchange={TAX: ["tax:read"]})
    token = exchange(offices["childcare"], browser.tokens(offices["childcare"])["access_token"]).json["access_token"]
    token = exchange(tax, token, resource=CARE).json["access_token"]
    token = exchange(care, token, resource=TAX).json["access_token"]
    assert exchange(tax, token, resource=CARE).json["error"] == "invalid_request"


def test_only_for_confidential_clients_registered_for_it(town: Town, app: App, browser: Browser) -> None:
    answer = exchange(app, browser.tokens(app)["access_token"])
    assert (answer.status_code, answer.json["error"]) == (400, "unauthorized_client")
    public = town.register(grant_types=["authorization_code", EXCHANGE], token_endpoint_auth_method="none")
    answer = exchange(public, browser.tokens(public)["access_token"])
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    "given",
    [
        {"resource_indicators": {"http://tax.example/": READ}},
        {"resource_indicators": {"https://tax.example/#x": READ}},
        {"resource_indicators": {"https://tax.example/ x": READ}},
        {"resource_indicators": {"http://localhost:8000/api/v1": READ}},
        {"resource_indicators": {TAX: READ}},
        {"resource_indicators": {"https://n.example/": {"openid": READ["tax:read"]}}},
        {"resource_indicators": {"https://n.example/": {"n:read": {"ja": "x"}}}},
        {"may_exchange": {"tax": ["tax:read"]}},
        {"may_exchange": {TAX: ["case:write"]}},
    ],
    ids=str,
)
def test_policies_that_cannot_be(town: Town, offices: dict[str, App], given: dict[str, Any]) -> None:
    """Among them: taking another department's API."""
    app = town.register()
    with pytest.raises(PolicyError):
        policy(town, app, **given)
