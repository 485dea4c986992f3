"""fapi2-security-profile-final-dpop-negative-tests, probe by probe, and the modules about a proof's times.

Each probe goes to the userinfo endpoint (the protected resource) and to the token endpoint; afterwards a correct proof still works.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt
import pytest
import requests

from tests.conformance.conftest import FapiSite
from tests.support.fapi import VERIFIER, DpopKey, FapiClient, b64url
from tests.support.rp import Person

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def client(fapi_site: FapiSite) -> FapiClient:
    return fapi_site.client("2.0-security")


@pytest.fixture(scope="module")
def token(client: FapiClient, fapi_site: FapiSite) -> str:
    return str(client.tokens(fapi_site.person())["access_token"])


def resigned(key: DpopKey, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """A proof with exactly this header (PyJWT insists on `typ` and `alg`)."""
    message = ".".join(b64url(json.dumps(part).encode()) for part in (header, claims))
    signature = jwt.get_algorithm_by_name("ES256").sign(message.encode(), key.private)
    return f"{message}.{b64url(signature)}"


def parts(proof: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return jwt.get_unverified_header(proof), jwt.decode(proof, options={"verify_signature": False})


def without_header(name: str) -> Callable[[DpopKey, str, str, str | None], str]:
    def make(key: DpopKey, method: str, url: str, token: str | None) -> str:
        header, claims = parts(key.proof(method, url, token))
        del header[name]
        return resigned(key, header, claims)

    return make


def changed(header: dict[str, Any] | None = None, **claims: Any) -> Callable[[DpopKey, str, str, str | None], str]:
    def make(key: DpopKey, method: str, url: str, token: str | None) -> str:
        return key.proof(method, url, token, header, **claims)

    return make


def shifted(name: str, seconds: int) -> Callable[[DpopKey, str, str, str | None], str]:
    def make(key: DpopKey, method: str, url: str, token: str | None) -> str:
        return key.proof(method, url, token, **{name: int(time.time()) + seconds})

    return make


def rs256(key: DpopKey, method: str, url: str, token: str | None) -> str:
    return DpopKey("RS256").proof(method, url, token)


def unsigned(key: DpopKey, method: str, url: str, token: str | None) -> str:
    header, claims = parts(key.proof(method, url, token))
    return ".".join(b64url(json.dumps(p).encode()) for p in (header | {"alg": "none"}, claims)) + "."


def bad_signature(key: DpopKey, method: str, url: str, token: str | None) -> str:
    return DpopKey().proof(method, url, token, {"jwk": key.bare})


def with_private_key(key: DpopKey, method: str, url: str, token: str | None) -> str:
    return key.proof(method, url, token, {"jwk": key.private_jwk})


def hmac_with_the_public_key(key: DpopKey, method: str, url: str, token: str | None) -> str:
    """Algorithm confusion: HS256 with what everybody knows."""
    header, claims = parts(key.proof(method, url, token))
    return jwt.encode(claims, json.dumps(key.bare) + "0" * 32, "HS256", headers=header | {"alg": "HS256"})


PROBES: dict[str, Callable[[DpopKey, str, str, str | None], str]] = {
    "header value in upper case": lambda *a: a[0].proof(*a[1:]).upper(),
    "not a JWT": lambda *a: "not-a-jwt",
    "two proofs in one value": lambda *a: f"{a[0].proof(*a[1:])}, {a[0].proof(*a[1:])}",
    "missing typ": without_header("typ"),
    "missing alg": without_header("alg"),
    "missing jwk": without_header("jwk"),
    "missing jti": changed(jti=None),
    "missing htm": changed(htm=None),
    "missing htu": changed(htu=None),
    "missing iat": changed(iat=None),
    "wrong typ": changed({"typ": "JWT"}),
    "RS256": rs256,
    "none": unsigned,
    "HS256": hmac_with_the_public_key,
    "bad signature": bad_signature,
    "private key in jwk": with_private_key,
    "symmetric key in jwk": changed({"jwk": {"kty": "oct", "k": "c2VjcmV0"}}),
    "jwk is a text": changed({"jwk": "key"}),
    "wrong htm": changed(htm="DELETE"),
    "htm in lower case": lambda *a: a[0].proof(a[1].lower(), *a[2:]),
    "wrong htu": changed(htu="https://other.example/userinfo"),
    "htu of another path": lambda *a: a[0].proof(a[1], a[2] + "/x", a[3]),
    "iat one hour ago": shifted("iat", -3600),
    "iat in one hour": shifted("iat", 3600),
    "iat is a text": changed(iat="now"),
    "exp passed": shifted("exp", -120),
    "nbf in the future": shifted("nbf", 120),
    "jti too long": changed(jti="j" * 300),
    "jti is a number": changed(jti=7),
}


def bad_token_request(client: FapiClient, proof: str) -> requests.Response:
    """A code that does not exist is never looked at: the proof is checked first."""
    return client.token({"grant_type": "authorization_code", "code": "x", "code_verifier": VERIFIER}, proof)


@pytest.mark.parametrize("probe", PROBES)
def test_dpop_negative_tests(client: FapiClient, token: str, probe: str) -> None:
    resource, endpoint = client.config["userinfo_endpoint"], client.config["token_endpoint"]
    answer = client.userinfo(token, PROBES[probe](client.dpop, "GET", resource, token))
    assert answer.status_code == 401, answer.text
    assert answer.headers["WWW-Authenticate"].startswith("DPoP ")
    assert 'error="invalid_dpop_proof"' in answer.headers["WWW-Authenticate"]
    answer = bad_token_request(client, PROBES[probe](client.dpop, "POST", endpoint, None))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")
    assert client.userinfo(token).status_code == 200


@pytest.mark.parametrize("ath", [None, "wrong", b64url(b"0" * 32), 5])
def test_dpop_negative_tests_ath(client: FapiClient, token: str, ath: Any) -> None:
    proof = client.dpop.proof("GET", client.config["userinfo_endpoint"], token, ath=ath)
    assert client.userinfo(token, proof).status_code == 401
    assert client.userinfo(token).status_code == 200


def test_dpop_negative_tests_jti_again(client: FapiClient, token: str) -> None:
    proof = client.dpop.proof("GET", client.config["userinfo_endpoint"], token)
    assert client.userinfo(token, proof).status_code == 200
    assert client.userinfo(token, proof).status_code == 401
    proof = client.dpop.proof("POST", client.config["token_endpoint"])
    assert bad_token_request(client, proof).json()["error"] == "invalid_grant"
    assert bad_token_request(client, proof).json()["error"] == "invalid_dpop_proof"


def test_dpop_negative_tests_another_key(client: FapiClient, token: str) -> None:
    answer = client.userinfo(token, DpopKey().proof("GET", client.config["userinfo_endpoint"], token))
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_dpop_negative_tests_no_proof_and_bearer_downgrade(client: FapiClient, token: str) -> None:
    assert client.userinfo(token, None).status_code == 401
    assert client.userinfo(token, None, scheme="Bearer").status_code == 401
    assert client.userinfo(token, scheme="Bearer").status_code == 401
    form = requests.post(client.config["userinfo_endpoint"], data={"access_token": token}, timeout=10)
    assert form.status_code == 401


def test_dpop_negative_tests_two_headers(client: FapiClient, token: str) -> None:
    """Two right proofs in two header lines (RFC 9449 §4.3 item 1)."""
    for endpoint, method in (("userinfo_endpoint", "GET"), ("token_endpoint", "POST")):
        address = urlsplit(client.config[endpoint])
        connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=10)
        body = ""
        if method == "POST":
            body = urlencode(client.authenticated({"grant_type": "authorization_code", "code": "x"}))
        connection.putrequest(method, address.path)
        for _ in range(2):
            connection.putheader("DPoP", client.dpop.proof(method, client.config[endpoint], token))
        connection.putheader("Authorization", f"DPoP {token}") if method == "GET" else None
        connection.putheader("Content-Type", "application/x-www-form-urlencoded")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body.encode())
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["error"]) == (
            401 if method == "GET" else 400,
            "invalid_dpop_proof",
        )
        connection.close()


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url + "?a=b",
        lambda url: url + "#here",
        lambda url: url.replace("http://localhost", "HTTP://LocalHost"),
    ],
    ids=["query", "fragment", "case"],
)
def test_dpop_htu_is_normalised(client: FapiClient, token: str, change: Callable[[str], str]) -> None:
    proof = client.dpop.proof("GET", change(client.config["userinfo_endpoint"]), token)
    assert client.userinfo(token, proof).status_code == 200


def test_dpop_extra_claims_are_ignored(client: FapiClient, token: str) -> None:
    proof = client.dpop.proof("GET", client.config["userinfo_endpoint"], token, {"x": 1}, foo="bar", aud="anybody")
    assert client.userinfo(token, proof).status_code == 200


@pytest.mark.parametrize("alg", ["ES256", "PS256"])
def test_dpop_each_kind_of_key(client: FapiClient, person: Person, alg: str) -> None:
    key = DpopKey(alg)
    code = client.code(person)
    body = client.redeem(code, key.proof("POST", client.config["token_endpoint"])).json()
    token = body["access_token"]
    assert client.userinfo(token, key.proof("GET", client.config["userinfo_endpoint"], token)).status_code == 200


@pytest.mark.parametrize("seconds", [-10, 10], ids=["before", "after"])
def test_ensure_dpopproof_with_iat_10seconds_before_and_after_succeeds(
    client: FapiClient, person: Person, token: str, seconds: int
) -> None:
    iat = int(time.time()) + seconds
    assert (
        client.redeem(
            client.code(person), client.dpop.proof("POST", client.config["token_endpoint"], iat=iat)
        ).status_code
        == 200
    )
    proof = client.dpop.proof("GET", client.config["userinfo_endpoint"], token, iat=iat)
    assert client.userinfo(token, proof).status_code == 200


def test_check_dpop_proof_nbf_exp(client: FapiClient, token: str) -> None:
    now = int(time.time())
    proof = client.dpop.proof("GET", client.config["userinfo_endpoint"], token, nbf=now - 10, exp=now + 60)
    assert client.userinfo(token, proof).status_code == 200
