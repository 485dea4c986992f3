"""Whatever stands in a proof, a request object or a certificate's header, the answer is a registered error and never a 500.

The signatures are right: what is inside comes from a client that means ill.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from idp.oidc.client_auth.certificate import parse
from idp.oidc.registration.register_client import CityOptions
from tests.support.apps import App
from tests.support.browser import Browser, callback
from tests.support.fapi import DpopKey, SigningKey, b64url
from tests.support.town import Town

relaxed = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
KEY, SIGNER = DpopKey(), SigningKey()
numbers = st.one_of(st.integers(-(10**12), 10**12), st.floats(), st.sampled_from([10**400, -1, 0, True, 1e308]))
values = st.recursive(
    st.one_of(
        st.none(), numbers, st.text(max_size=30), st.sampled_from(["\ud800", "\x00", "ath" * 200, "[::1", "http://["])
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)
proof_claims = st.dictionaries(st.sampled_from(["jti", "htm", "htu", "iat", "ath", "nonce", "exp", "nbf", "x"]), values)
jwk_members = st.dictionaries(st.sampled_from(["kty", "crv", "x", "y", "n", "e", "alg", "use", "d", "k"]), values)
request_claims = st.dictionaries(
    st.sampled_from(["iss", "aud", "exp", "nbf", "iat", "sub", "client_id", "state", "scope", "claims", "prompt", "max_age",
                     "response_mode", "redirect_uri", "resource", "nonce", "dpop_jkt", "acr_values", "code_challenge", "x"]),
    values,
)  # fmt: skip


def signed(key: Any, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """A JWT with any JSON in it."""
    message = ".".join(b64url(json.dumps(part).encode()) for part in (header, claims))
    return f"{message}.{b64url(jwt.get_algorithm_by_name('ES256').sign(message.encode(), key.private))}"


def refused(town: Town, app: App, proof: str) -> None:
    form: dict[str, str | None] = {"grant_type": "authorization_code", "code": "x"}
    answer = app.post("/token", form, headers={"DPoP": proof}, auth=(app.client_id, app.secret))
    # invalid_grant: it was a right proof after all.
    assert (answer.status_code, answer.json["error"] in ("invalid_dpop_proof", "invalid_grant")) == (400, True), proof


@relaxed
@given(claims=proof_claims)
@example(claims={"jti": "\ud800"})
@example(claims={"iat": float("nan"), "exp": float("nan")})
@example(claims={"iat": 10**400})
@example(claims={"htu": "http://localhost:8000/token\ud800"})
def test_claims_of_a_proof(shared_town: Town, shared_app: App, claims: dict[str, Any]) -> None:
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": KEY.bare}
    right = jwt.decode(KEY.proof("POST", f"{shared_town.issuer}/token"), options={"verify_signature": False})
    refused(shared_town, shared_app, signed(KEY, header, right | claims))


@relaxed
@given(members=jwk_members, alg=st.sampled_from(["ES256", "PS256", "EdDSA", "none", "HS256", "", "ES384"]))
@example(members={"x": "\ud800"}, alg="ES256")
@example(members={"kty": "RSA", "n": "AQAB", "e": "AQAB"}, alg="PS256")
@example(members={"kty": "OKP", "crv": "Ed25519", "x": ""}, alg="EdDSA")
def test_the_key_of_a_proof(shared_town: Town, shared_app: App, members: dict[str, Any], alg: str) -> None:
    right = jwt.decode(KEY.proof("POST", f"{shared_town.issuer}/token"), options={"verify_signature": False})
    refused(shared_town, shared_app, signed(KEY, {"typ": "dpop+jwt", "alg": alg, "jwk": KEY.bare | members}, right))


@relaxed
@given(header=st.dictionaries(st.sampled_from(["typ", "alg", "jwk", "kid", "crit", "b64"]), values))
def test_the_header_of_a_proof(shared_town: Town, shared_app: App, header: dict[str, Any]) -> None:
    right = {"typ": "dpop+jwt", "alg": "ES256", "jwk": KEY.bare}
    claims = {"jti": "j", "htm": "POST", "htu": "https://other.example/", "iat": 0}
    refused(shared_town, shared_app, signed(KEY, right | header, claims))


@relaxed
@given(text=st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=80))
def test_a_proof_of_any_text(shared_town: Town, shared_app: App, text: str) -> None:
    refused(shared_town, shared_app, text)


@pytest.fixture(scope="module")
def signer(shared_town: Town) -> App:
    return shared_town.register(
        CityOptions(skip_consent=True),
        redirect_uris=["https://hostile-object.example/cb"],
        jwks={"keys": [SIGNER.registered]},
    )


@relaxed
@given(claims=request_claims, pushed=st.booleans())
@example(claims={"exp": 10**400}, pushed=False)
@example(claims={"exp": float("nan"), "nbf": float("inf")}, pushed=False)
@example(claims={"state": "\ud800"}, pushed=True)
@example(claims={"claims": {"userinfo": {"\ud800": None}}}, pushed=True)
@example(claims={"aud": [[], {}]}, pushed=False)
def test_claims_of_a_request_object(shared_browser: Browser, signer: App, claims: dict[str, Any], pushed: bool) -> None:
    token = signed(SIGNER, {"alg": "ES256", "kid": "k1"}, signer.request() | claims)
    if pushed:
        answer = signer.post("/par", {"request": token})
        assert answer.status_code == 201 or (answer.status_code, "error" in answer.json) == (400, True)
        return
    answer = shared_browser.get("/authorize", query_string={"client_id": signer.client_id, "request": token})
    assert answer.status_code in (200, 302, 303, 400)
    if answer.status_code == 302:
        assert answer.location.startswith(signer.redirect_uri)
        told = callback(answer)
        assert all(" " <= c <= "~" and c not in '"\\' for c in told.get("error_description", ""))


@relaxed
@given(raw=st.binary(max_size=60), around=st.sampled_from([":{}:", "{}", ":{}", ":{}:;a=1", ":{}:, :{}:"]))
def test_a_certificate_of_any_bytes(raw: bytes, around: str) -> None:
    assert parse(around.replace("{}", base64.b64encode(raw).decode()), "") is None
