"""Clocks of clients differ from ours a little: what is within the leeway counts, what is beyond does not.

FAPI 2.0 Security Profile §5.3.2.1: iat and nbf up to 10 seconds ahead must be taken, more than 60 must not.
"""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest

from idp.foundation import clock
from idp.oidc.client_auth.jwt_rules import DPOP_AHEAD as AHEAD
from idp.oidc.client_auth.jwt_rules import DPOP_PAST as PAST
from idp.oidc.jose.rules import LEEWAY
from idp.oidc.registration.register_client import CityOptions
from tests.support.apps import App
from tests.support.browser import Browser, callback
from tests.support.fapi import ASSERTION_TYPE, DpopKey, SigningKey
from tests.support.town import Town

KEY, PROOF_KEY = SigningKey(), DpopKey()
NEAR, FAR = LEEWAY - 2, LEEWAY + 3  # a test takes a moment itself
_jtis = itertools.count(1)

# What stands in the JWT, in seconds from now, and whether it counts.
TIMES = [
    pytest.param({"exp": -NEAR}, True, id="just-over"),
    pytest.param({"exp": -FAR}, False, id="over"),
    pytest.param({"nbf": NEAR}, True, id="begins-soon"),
    pytest.param({"nbf": FAR}, False, id="begins-later"),
    pytest.param({"iat": NEAR, "nbf": NEAR, "exp": NEAR + 60}, True, id="their-clock-ahead"),
    pytest.param({"iat": -60 - NEAR, "nbf": -60 - NEAR, "exp": -NEAR}, True, id="their-clock-behind"),
    pytest.param({"iat": 61, "nbf": 61, "exp": 120}, False, id="their-clock-wrong"),
    pytest.param({"iat": -200, "nbf": -200, "exp": -140}, False, id="their-clock-slow"),
]


def at(offsets: dict[str, int]) -> dict[str, int]:
    return {name: clock.epoch() + offset for name, offset in offsets.items()}


@pytest.fixture(scope="module")
def machine(shared_town: Town) -> App:
    return shared_town.register(
        grant_types=["client_credentials"],
        scope="case:write",
        token_endpoint_auth_method="private_key_jwt",
        jwks={"keys": [KEY.registered]},
    )


def assertion(app: App, **changes: Any) -> str:
    now = clock.epoch()
    claims = {"iss": app.client_id, "sub": app.client_id, "aud": app.town.issuer, "iat": now, "exp": now + 60}
    return KEY.sign(claims | {"jti": f"a{next(_jtis)}"} | changes)


def authenticated(app: App, token: str) -> int:
    form = {"grant_type": "client_credentials", "client_assertion": token, "client_assertion_type": ASSERTION_TYPE}
    return app.town.app.test_client().post("/token", data=form).status_code


@pytest.mark.parametrize(("offsets", "good"), TIMES)
def test_client_assertions(machine: App, offsets: dict[str, int], good: bool) -> None:
    assert authenticated(machine, assertion(machine, **at(offsets))) == (200 if good else 401)


def test_an_iat_in_the_future_alone_is_no_assertion(machine: App) -> None:
    assert authenticated(machine, assertion(machine, iat=clock.epoch() + FAR)) == 401


def test_assertions_are_judged_by_the_clock_of_the_product(machine: App) -> None:
    token = assertion(machine)
    with clock.travelled(timedelta(minutes=2)):
        assert authenticated(machine, token) == 401
        later = assertion(machine)
        assert authenticated(machine, later) == 200
    assert authenticated(machine, assertion(machine, iat=None, exp=clock.epoch() + 60)) == 401
    assert authenticated(machine, token) == 200


@pytest.fixture(scope="module")
def signer(shared_town: Town) -> App:
    return shared_town.register(
        CityOptions(skip_consent=True),
        redirect_uris=["https://skew.example/cb"],
        jwks={"keys": [KEY.registered]},
    )


@pytest.mark.parametrize(("offsets", "good"), TIMES)
def test_request_objects(shared_browser: Browser, signer: App, offsets: dict[str, int], good: bool) -> None:
    token = KEY.sign(signer.request() | {"iss": signer.client_id, "aud": signer.town.issuer} | at(offsets))
    answer = shared_browser.get("/authorize", query_string={"client_id": signer.client_id, "request": token})
    told = callback(answer)
    assert ("code" in told, told.get("error")) == ((True, None) if good else (False, "invalid_request_object"))


@pytest.mark.parametrize(
    ("offsets", "good"),
    [
        pytest.param({"iat": AHEAD - 5}, True, id="ahead"),
        pytest.param({"iat": AHEAD + 5}, False, id="too-far-ahead"),
        pytest.param({"iat": 10 - PAST}, True, id="old"),
        pytest.param({"iat": -PAST - 5}, False, id="too-old"),
        pytest.param({"exp": 5 - AHEAD}, True, id="just-over"),
        pytest.param({"exp": -AHEAD - 5}, False, id="over"),
        pytest.param({"nbf": AHEAD - 5}, True, id="begins-soon"),
        pytest.param({"nbf": AHEAD + 5}, False, id="begins-later"),
    ],
)
def test_dpop_proofs(shared_town: Town, shared_app: App, offsets: dict[str, int], good: bool) -> None:
    proof = PROOF_KEY.proof("POST", f"{shared_town.issuer}/token", **at(offsets))
    form: dict[str, str | None] = {"grant_type": "authorization_code", "code": "x"}
    answer = shared_app.post("/token", form, headers={"DPoP": proof}, auth=(shared_app.client_id, shared_app.secret))
    # The code is none: whoever hears of it has passed the proof.
    assert answer.json["error"] == ("invalid_grant" if good else "invalid_dpop_proof")
