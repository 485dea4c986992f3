"""DPoP (RFC 9449) in the grants beyond the code: tokens bound to the proven key, and none for a client that must prove and does not."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest

from idp.oidc.grants.model import Grant
from idp.oidc.policy.policy import set_policy
from tests.conftest import sqlite_copy
from tests.idp.oidc.client_auth.test_dpop import redeem
from tests.idp.oidc.decoupled.test_device_flow import DEVICE, answer_on_phone, start, terminal
from tests.idp.oidc.token_endpoint.test_jwt_bearer import BEARER, BOTH, KEY, claims_of
from tests.idp.oidc.token_endpoint.test_jwt_bearer import register as register_asserting
from tests.idp.oidc.token_endpoint.test_token_exchange import ACCESS, EXCHANGE, READ, TAX
from tests.support.apps import App
from tests.support.browser import Browser
from tests.support.ciba import CIBA, Desk, answer
from tests.support.fapi import DpopKey
from tests.support.refusals import reason
from tests.support.town import Town

RIGHT, WRONG = DpopKey(), DpopKey()


class Asking:
    """An app about to use a grant: `form()` is its token request, made anew each time. `audience` names who takes the token."""

    def __init__(self, app: App, form: Callable[[], dict[str, str]], audience: str = "userinfo") -> None:
        self.app = app
        self.form = form
        self.audience = audience

    def token(self, key: DpopKey | None, proof: str | None = None) -> Any:
        """The token request, with a proof of `key` or with this one."""
        issuer = self.app.town.issuer
        given = proof or (key.proof("POST", f"{issuer}/token") if key is not None else None)
        headers = {"DPoP": given} if given else {}
        form = self.form()
        auth = None if "client_assertion" in form or self.app.secret is None else (self.app.client_id, self.app.secret)
        return self.app.post("/token", dict(form), headers=headers, auth=auth)

    def use(self, token: str, key: DpopKey | None, scheme: str = "DPoP") -> int:
        """Show the token where it is for; the status."""
        town = self.app.town
        method, path = ("GET", "/userinfo") if self.audience == "userinfo" else ("POST", "/api/v1/events")
        headers = {"Authorization": f"{scheme} {token}"}
        if key is not None:
            headers["DPoP"] = key.proof(method, f"{town.issuer}{path}", token)
        kind = None if method == "GET" else "application/cloudevents-batch+json"
        client = town.app.test_client()
        return client.open(
            path, method=method, headers=headers, data=b"[]" if kind else None, content_type=kind
        ).status_code


def device(town: Town, browser: Browser, **metadata: Any) -> Asking:
    app = terminal(town, **metadata)
    begun = start(app)
    answer_on_phone(browser, begun["user_code"])
    return Asking(app, lambda: {"grant_type": DEVICE, "device_code": begun["device_code"]})


def ciba(town: Town, browser: Browser, **metadata: Any) -> Asking:
    desk = Desk(town, **metadata)
    asked = desk.ask(login_hint=desk.know(town.resident())).json
    answer(browser)
    return Asking(desk.app, lambda: {"grant_type": CIBA, "auth_req_id": asked["auth_req_id"]} | desk.authentication())


def client_credentials(town: Town, browser: Browser, **metadata: Any) -> Asking:
    app = town.register(grant_types=["client_credentials"], scope="case:write", **metadata)
    return Asking(app, lambda: {"grant_type": "client_credentials"}, "events")


def assertion_about_itself(town: Town, browser: Browser, **metadata: Any) -> Asking:
    app = register_asserting(town, BOTH, **metadata)
    return Asking(app, lambda: asserted(app, app.client_id), "events")


def assertion_about_a_resident(town: Town, browser: Browser, **metadata: Any) -> Asking:
    app = register_asserting(town, BOTH, **metadata)
    tokens = redeem(app, browser.code(app), RIGHT).json
    sub = app.id_token(tokens["id_token"])["sub"]
    return Asking(app, lambda: asserted(app, sub))


def asserted(app: App, sub: str) -> dict[str, str]:
    claims = claims_of(app, sub, jti=str(uuid.uuid4()))
    return {"grant_type": BEARER, "assertion": jwt.encode(claims, KEY, algorithm="ES256")}


GRANTS = {
    "device_code": device,
    "ciba": ciba,
    "client_credentials": client_credentials,
    "jwt-bearer itself": assertion_about_itself,
    "jwt-bearer resident": assertion_about_a_resident,
}
grants = pytest.mark.parametrize("grant", list(GRANTS))


@pytest.fixture(scope="module")
def village(template: Any) -> Iterator[tuple[Town, Browser]]:
    with sqlite_copy(template[0]) as url, Town(url) as town:
        yield town, town.signed_in()


@grants
def test_a_token_is_bound_to_the_key_and_worth_nothing_without_it(village: tuple[Town, Browser], grant: str) -> None:
    asking = GRANTS[grant](*village)
    body = asking.token(RIGHT).json
    assert body["token_type"] == "DPoP"
    token = body["access_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["cnf"] == {"jkt": RIGHT.jkt}
    assert asking.use(token, RIGHT) in (200, 202)
    assert asking.use(token, WRONG) == 401
    assert asking.use(token, None) == 401
    assert asking.use(token, None, "Bearer") == 401
    assert asking.use(token, RIGHT, "Bearer") == 401


@grants
def test_without_a_proof_it_stays_a_bearer_token(village: tuple[Town, Browser], grant: str) -> None:
    asking = GRANTS[grant](*village)
    body = asking.token(None).json
    assert body["token_type"] == "Bearer"
    assert "cnf" not in jwt.decode(body["access_token"], options={"verify_signature": False})
    assert asking.use(body["access_token"], None, "Bearer") in (200, 202)
    assert asking.use(body["access_token"], RIGHT) == 401


@grants
def test_who_must_prove_and_does_not_gets_nothing_and_uses_nothing_up(
    village: tuple[Town, Browser], grant: str
) -> None:
    asking = GRANTS[grant](*village, dpop_bound_access_tokens=True)
    refused = asking.token(None)
    assert (refused.status_code, refused.json["error"]) == (400, "invalid_request")
    assert "access_token" not in refused.json
    assert asking.token(RIGHT).json["token_type"] == "DPoP"


@grants
def test_a_proof_that_proves_nothing_is_refused_and_uses_nothing_up(village: tuple[Town, Browser], grant: str) -> None:
    asking = GRANTS[grant](*village)
    issuer = village[0].issuer
    for proof in (
        RIGHT.proof("POST", f"{issuer}/userinfo"),
        RIGHT.proof("GET", f"{issuer}/token"),
        RIGHT.proof("POST", f"{issuer}/token", header={"typ": "JWT"}),
        RIGHT.proof("POST", f"{issuer}/token", header={"jwk": WRONG.bare}),
        RIGHT.proof("POST", f"{issuer}/token", iat=1),
        "x",
    ):
        refused = asking.token(None, proof)
        assert (refused.status_code, refused.json["error"]) == (400, "invalid_dpop_proof")
    assert asking.token(RIGHT).status_code == 200


@pytest.mark.parametrize("grant", ["client_credentials", "jwt-bearer itself"])
def test_a_proof_counts_once(village: tuple[Town, Browser], grant: str) -> None:
    asking = GRANTS[grant](*village)
    proof = RIGHT.proof("POST", f"{village[0].issuer}/token")
    assert asking.token(None, proof).status_code == 200
    assert asking.token(None, proof).json["error"] == "invalid_dpop_proof"


# refresh tokens of a device -------------------------------------------------------------------------------------------------


def test_a_device_s_refresh_token_hangs_on_its_key(village: tuple[Town, Browser]) -> None:
    """A device has no secret (RFC 9449 §5): whoever steals its refresh token has nothing, and ends nothing."""
    asking = device(*village)
    body = asking.token(RIGHT).json
    refreshing = Asking(asking.app, lambda: {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]})
    spent = village[0].count(Grant, Grant.refresh_used_at.is_not(None))
    for key in (None, WRONG):
        assert refreshing.token(key).json["error"] == "invalid_grant"
    assert village[0].count(Grant, Grant.refresh_used_at.is_not(None)) == spent
    again = refreshing.token(RIGHT).json
    assert again["token_type"] == "DPoP"
    assert asking.use(again["access_token"], RIGHT) == 200


# token exchange -----------------------------------------------------------------------------------------------------------------


def exchanging(town: Town, browser: Browser, key: DpopKey | None, **metadata: Any) -> tuple[Asking, App]:
    """An app with a resident's token (bound to `key`), about to exchange it for one at the tax office."""
    app = town.register(grant_types=["authorization_code", EXCHANGE], **metadata)
    tax = town.register(grant_types=["client_credentials"], scope="case:write")
    with town.app.app_context(), town.writing() as session:
        set_policy(session, tax.client_id, {"resource_indicators": {tax_address(tax): READ}}, "test")
        set_policy(session, app.client_id, {"may_exchange": {tax_address(tax): ["tax:read"]}}, "test")
    mine = redeem(app, browser.code(app), key).json["access_token"]
    form = {
        "grant_type": EXCHANGE,
        "subject_token": mine,
        "subject_token_type": ACCESS,
        "resource": tax_address(tax),
    }
    return Asking(app, lambda: form), tax


def tax_address(tax: App) -> str:
    return f"{TAX}/{tax.client_id}"


def test_an_exchanged_token_is_bound_too(village: tuple[Town, Browser]) -> None:
    asking, tax = exchanging(*village, RIGHT)
    body = asking.token(RIGHT).json
    assert body["token_type"] == "DPoP"
    seen = tax.introspect(body["access_token"])
    assert (seen["active"], seen["cnf"], seen["token_type"]) == (True, {"jkt": RIGHT.jkt}, "DPoP")


def test_a_bound_token_is_exchanged_by_its_key_only(village: tuple[Town, Browser]) -> None:
    """Else a stolen one would come out unbound, or bound to the thief's key."""
    asking, _ = exchanging(*village, RIGHT)
    for key in (None, WRONG):
        refused = asking.token(key)
        assert (refused.status_code, refused.json["error"]) == (400, "invalid_request")
    assert asking.token(RIGHT).status_code == 200


def test_an_unbound_token_may_become_a_bound_one(village: tuple[Town, Browser]) -> None:
    asking, tax = exchanging(*village, None)
    assert "cnf" not in tax.introspect(asking.token(None).json["access_token"])
    assert tax.introspect(asking.token(RIGHT).json["access_token"])["cnf"] == {"jkt": RIGHT.jkt}


def test_who_must_prove_does_not_exchange_without(village: tuple[Town, Browser]) -> None:
    asking, _ = exchanging(*village, RIGHT, dpop_bound_access_tokens=True)
    refused = asking.token(None).json
    assert (refused["error"], reason(refused)) == ("invalid_request", "A DPoP proof is needed.")
    assert asking.token(RIGHT).json["token_type"] == "DPoP"
    wrong_place = RIGHT.proof("POST", f"{village[0].issuer}/userinfo")
    assert asking.token(None, wrong_place).json["error"] == "invalid_dpop_proof"
