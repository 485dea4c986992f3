"""JWT bearer grant (RFC 7523 §2.1): off by default; about the client itself, or about a resident who shares with it anyway."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from idp.oidc.grants.revoke import end_app_access
from idp.oidc.policy.policy import set_policy
from tests.support.apps import App
from tests.support.browser import Browser
from tests.support.town import Town

BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
KEY, OTHER_KEY = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())


def register(town: Town, policy: dict[str, Any] | None = None, **metadata: Any) -> App:
    jwk = json.loads(ECAlgorithm.to_jwk(KEY.public_key()))
    app = town.register(grant_types=["authorization_code", BEARER], jwks={"keys": [jwk]}, **metadata)
    if policy is not None:
        with town.app.app_context(), town.writing() as session:
            set_policy(session, app.client_id, {"assertions": policy}, "test")
    return app


BOTH = {"itself": ["case:write"], "resident": ["openid", "profile"]}


def claims_of(app: App, sub: str, **changes: Any) -> dict[str, Any]:
    now = int(time.time())
    claims = {"iss": app.client_id, "sub": sub, "aud": app.town.issuer, "iat": now, "exp": now + 60,
              "jti": str(uuid.uuid4())} | changes  # fmt: skip
    return {name: value for name, value in claims.items() if value is not None}


def use(app: App, sub: str, key: Any = KEY, alg: str = "ES256", **changes: Any) -> Any:
    scope = changes.pop("scope", None)
    token = jwt.encode(claims_of(app, sub, **changes), key, algorithm=alg)
    return app.post("/token", {"grant_type": BEARER, "assertion": token, "scope": scope})


def test_about_itself(any_town: Town) -> None:
    app = register(any_town, BOTH)
    answer = use(app, app.client_id)
    assert answer.status_code == 200, answer.text
    assert set(answer.json) == {"access_token", "token_type", "expires_in", "scope"}
    seen = app.introspect(answer.json["access_token"])
    assert (seen["sub"], seen["scope"], seen["aud"]) == (app.client_id, "case:write", [f"{any_town.issuer}/api/v1"])


def test_about_a_resident_who_shares_with_it(any_town: Town) -> None:
    app = register(any_town, BOTH)
    sub = app.id_token(any_town.signed_in().tokens(app)["id_token"])["sub"]
    answer = use(app, sub)
    assert answer.status_code == 200, answer.text
    assert set(answer.json) == {"access_token", "token_type", "expires_in", "scope"}  # nobody signed in: no ID token
    assert app.userinfo(answer.json["access_token"]).json["name"] == "見本 花子"
    assert use(app, sub, scope="openid").json["scope"] == "openid"
    assert len(any_town.events("assertion_used")) == 2


def test_it_is_off_unless_the_city_says_otherwise(town: Town, browser: Browser) -> None:
    app = register(town)
    sub = app.id_token(browser.tokens(app)["id_token"])["sub"]
    for subject in (app.client_id, sub):
        assert use(app, subject).json["error"] == "invalid_grant"
    halves = register(town, {"itself": ["case:write"]}), register(town, {"resident": ["openid"]})
    sub = halves[0].id_token(browser.tokens(halves[0])["id_token"])["sub"]
    assert use(halves[0], sub).json["error"] == "invalid_grant"
    assert use(halves[1], halves[1].client_id).json["error"] == "invalid_grant"


def test_a_resident_who_ended_it_is_out_of_reach(town: Town) -> None:
    app, resident, browser = register(town, BOTH), town.resident(), town.browser()
    browser.sign_in(resident)
    sub = app.id_token(browser.tokens(app)["id_token"])["sub"]
    made = use(app, sub).json["access_token"]
    with town.writing() as session:
        end_app_access(session, resident, app.client_id)
    assert app.userinfo(made).status_code == 401
    assert use(app, sub).json["error"] == "invalid_grant"


def test_only_what_the_resident_shares(town: Town, browser: Browser) -> None:
    app = register(town, BOTH)
    sub = app.id_token(browser.tokens(app, scope="openid")["id_token"])["sub"]
    assert use(app, sub, scope="openid profile").json["error"] == "invalid_grant"
    assert use(app, sub, scope="openid").status_code == 200
    assert use(app, sub, scope="openid address").json["error"] == "invalid_scope"
    assert use(app, app.client_id, scope="notice:write").json["error"] == "invalid_scope"


def test_another_departments_sub_is_nobody(town: Town, browser: Browser) -> None:
    app, other = register(town, BOTH), town.register()
    theirs = other.id_token(browser.tokens(other)["id_token"])["sub"]
    browser.tokens(app)
    for sub in (theirs, other.client_id, "0000010011", "x"):
        assert use(app, sub).json["error"] == "invalid_grant"


def test_an_assertion_is_good_once(town: Town) -> None:
    app = register(town, BOTH)
    jti = str(uuid.uuid4())
    assert use(app, app.client_id, jti=jti).status_code == 200
    assert use(app, app.client_id, jti=jti).json["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "another"}, {"iss": None}, {"aud": "https://elsewhere.example"}, {"aud": None}, {"exp": None},
        {"exp": int(time.time()) - 60}, {"exp": int(time.time()) + 7200}, {"jti": None}, {"jti": ""}, {"jti": 7},
        {"nbf": int(time.time()) + 600}, {"iat": int(time.time()) + 600}, {"exp": True}, {"aud": []},
        {"key": OTHER_KEY}, {"key": "k" * 32, "alg": "HS256"},
    ],
    ids="-".join,
)  # fmt: skip
def test_bad_assertions(shared_town: Town, changes: dict[str, Any]) -> None:
    app = register(shared_town, BOTH)
    answer = use(app, app.client_id, **changes)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_grant")


def test_what_is_no_jwt(town: Town) -> None:
    app = register(town, BOTH)
    none = jwt.encode(claims_of(app, app.client_id), None, algorithm="none")  # type: ignore[arg-type]
    for token in (none, "x", "e30.e30.e30", "a.b"):
        assert app.post("/token", {"grant_type": BEARER, "assertion": token}).json["error"] == "invalid_grant"
    assert app.post("/token", {"grant_type": BEARER}).json["error"] == "invalid_request"


def test_a_client_assertion_is_no_grant_of_another_client(town: Town) -> None:
    app, other = register(town, BOTH), register(town, BOTH)
    token = jwt.encode(claims_of(other, other.client_id), KEY, algorithm="ES256")
    assert app.post("/token", {"grant_type": BEARER, "assertion": token}).json["error"] == "invalid_grant"


def test_the_client_must_prove_itself(town: Town, app: App) -> None:
    good = register(town, BOTH)
    token = jwt.encode(claims_of(good, good.client_id), KEY, algorithm="ES256")
    assert (
        good.post("/token", {"grant_type": BEARER, "assertion": token}, auth=(good.client_id, "x")).status_code == 401
    )
    assert app.post("/token", {"grant_type": BEARER, "assertion": token}).json["error"] == "unauthorized_client"


def test_what_was_a_grant_is_no_client_assertion_afterwards(town: Town) -> None:
    """Both are signed by the client for us: about itself, one could be the other. A jti is good once, for whichever use."""
    assertion_type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    app = register(town, BOTH, token_endpoint_auth_method="private_key_jwt")

    def prove(assertion: str) -> dict[str, str | None]:
        return {"client_id": app.client_id, "client_assertion_type": assertion_type, "client_assertion": assertion}

    def signed() -> str:
        return jwt.encode(claims_of(app, app.client_id), KEY, algorithm="ES256")

    def ask(client_assertion: str, assertion: str) -> Any:
        form = {"grant_type": BEARER, "assertion": assertion, **prove(client_assertion)}
        return town.app.test_client().post("/token", data=form)

    grant = signed()
    assert ask(signed(), grant).status_code == 200
    assert ask(grant, signed()).json["error"] == "invalid_client"
    one = signed()
    assert ask(one, one).json["error"] == "invalid_grant", "nor within one request"
    assert town.app.test_client().post("/introspect", data={"token": "x", **prove(grant)}).status_code == 401
