"""fapi2-security-profile-final (private_key_jwt, DPoP, OpenID Connect): each test has the name of the official module it stands for."""

from __future__ import annotations

import time
import uuid
from datetime import timedelta
from typing import Any

import pytest
import requests
from sqlalchemy import update

from idp.foundation import clock
from idp.foundation.vault import digest
from idp.oidc.authorization.model import PushedRequest
from tests.conformance.conftest import FapiSite
from tests.support.codes import changed, opened
from tests.support.fapi import ASSERTION_TYPE, DpopKey, FapiClient, SigningKey
from tests.support.rp import Person

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def client(fapi_site: FapiSite) -> FapiClient:
    return fapi_site.client("2.0-security")


@pytest.fixture(scope="module")
def second(fapi_site: FapiSite) -> FapiClient:
    return fapi_site.client("2.0-security")


def refused(answer: requests.Response, *errors: str, status: int = 400) -> None:
    assert answer.status_code == status, answer.text
    assert answer.json()["error"] in errors
    assert set(answer.json()) <= {"error", "error_description", "error_uri"}
    assert answer.headers["Cache-Control"] == "no-store"


# happy and tolerance -------------------------------------------------------------------------------------------------


def test_happy_flow(client: FapiClient, second: FapiClient, person: Person) -> None:
    seen = set()
    for app in (client, second):
        body = app.tokens(person)
        assert body["token_type"] == "DPoP"
        claims = app.verify(body["access_token"], app.issuer)
        assert claims["cnf"] == {"jkt": app.dpop.jkt}
        answer = app.userinfo(body["access_token"])
        assert answer.status_code == 200
        assert answer.json()["sub"] == app.verify(body["id_token"], app.client_id)["sub"]
        seen.add(answer.json()["sub"])
    assert len(seen) == 2


def test_discovery_end_point_verification(client: FapiClient) -> None:
    config = client.config
    assert config["pushed_authorization_request_endpoint"].startswith(client.issuer)
    assert config["authorization_response_iss_parameter_supported"] is True
    assert config["code_challenge_methods_supported"] == ["S256"]
    assert {"ES256", "PS256"} & set(config["dpop_signing_alg_values_supported"])
    assert {"private_key_jwt"} <= set(config["token_endpoint_auth_methods_supported"])
    assert not {"RS256", "none"} & set(config["dpop_signing_alg_values_supported"])


@pytest.mark.parametrize("name", ["state", "nonce"])
def test_ensure_authorization_request_without_state_or_nonce_success(
    client: FapiClient, person: Person, name: str
) -> None:
    form = client.request(**{name: None})
    response = client.answered(client.authorize(person, client.pushed(form)))
    assert response.get("state") == form.get("state")
    claims = client.verify(client.redeem(response["code"]).json()["id_token"], client.client_id)
    assert claims.get("nonce") == form.get("nonce")


@pytest.mark.parametrize("length", [64, 384])
def test_ensure_authorization_request_with_64_char_and_long_nonce_success(
    client: FapiClient, person: Person, length: int
) -> None:
    code = client.code(person, client.request(nonce="n" * length))
    claims = client.verify(client.redeem(code).json()["id_token"], client.client_id)
    assert claims["nonce"] == "n" * length


def test_ensure_authorization_request_with_long_state(client: FapiClient, person: Person) -> None:
    assert client.code(person, client.request(state="s" * 384))


def test_ensure_other_scope_order_succeeds(client: FapiClient, person: Person) -> None:
    assert client.redeem(client.code(person, client.request(scope="profile openid"))).status_code == 200


def test_access_token_type_header_case_sensitivity(client: FapiClient, person: Person) -> None:
    token = client.tokens(person)["access_token"]
    for scheme in ("dpop", "DPOP", "DPoP"):
        assert client.userinfo(token, scheme=scheme).status_code == 200


def test_test_claims_parameter_identity_claims(client: FapiClient, person: Person) -> None:
    form = client.request(scope="openid", claims='{"userinfo": {"name": {"essential": true}}}')
    token = client.redeem(client.code(person, form)).json()["access_token"]
    assert client.userinfo(token).json()["name"] == "見本 花子"


def test_user_rejects_authentication(fapi_site: FapiSite, person: Person) -> None:
    app = fapi_site.client("2.0-security", consent=True)
    page = app.authorize(person, app.pushed())
    answer = person.submit(page, page.url, decision="deny")
    assert app.answered(answer)["error"] == "access_denied"


def test_refresh_token(client: FapiClient, second: FapiClient, person: Person) -> None:
    """Bound to the client and (for the new access token) to a key; not rotated (FAPI 2.0 §5.3.2.1)."""
    first = client.tokens(person)
    for _ in range(2):
        answer = client.refresh(first["refresh_token"])
        assert answer.status_code == 200
        assert answer.json()["refresh_token"] == first["refresh_token"]
        assert client.userinfo(answer.json()["access_token"]).status_code == 200
    refused(second.refresh(first["refresh_token"]), "invalid_grant")
    refused(client.refresh(first["refresh_token"], proof=None), "invalid_request", "invalid_grant")
    assert client.refresh(first["refresh_token"]).status_code == 200


# redirect and response -----------------------------------------------------------------------------------------------


def test_ensure_registered_redirect_uri(client: FapiClient) -> None:
    refused(client.push(client.request(redirect_uri=client.redirect_uri + "/x")), "invalid_request")


def test_ensure_redirect_uri_in_authorization_request(client: FapiClient) -> None:
    refused(client.push(client.request(redirect_uri=None)), "invalid_request")


@pytest.mark.parametrize("response_type", ["code id_token", "token"])
def test_ensure_response_type_code_idtoken_and_token_fails(client: FapiClient, response_type: str) -> None:
    refused(
        client.push(client.request(response_type=response_type)),
        "unsupported_response_type",
        "invalid_request",
        "unauthorized_client",
    )


def test_ensure_unsigned_authorization_request_without_using_par_fails(client: FapiClient, person: Person) -> None:
    query = client.request()
    page = person.go(str(requests.Request("GET", client.config["authorization_endpoint"], params=query).prepare().url))
    assert client.answered(page)["error"] == "invalid_request"


# code and client binding ---------------------------------------------------------------------------------------------


def test_attempt_reuse_authorization_code_after_one_second(client: FapiClient, person: Person) -> None:
    code = client.code(person)
    token = client.redeem(code).json()["access_token"]
    assert client.userinfo(token).status_code == 200
    refused(client.redeem(code), "invalid_grant")
    assert client.userinfo(token).status_code == 401


def test_ensure_token_endpoint_fails_with_expired_auth_code(
    client: FapiClient, person: Person, fapi_site: FapiSite
) -> None:
    code = client.code(person)
    town, client_id = fapi_site.town, client.client_id
    assert opened(town, client_id, code).grant.expires_at - clock.epoch_ms() <= 60_000
    refused(client.redeem(changed(town, client_id, code, expires_at=clock.epoch_ms() - 1000)), "invalid_grant")


def test_ensure_authorization_code_is_bound_to_client(client: FapiClient, second: FapiClient, person: Person) -> None:
    code = client.code(person)
    refused(second.redeem(code, redirect_uri=client.redirect_uri), "invalid_grant")
    assert client.redeem(code).status_code == 200


def test_ensure_client_id_in_token_endpoint(client: FapiClient, second: FapiClient, person: Person) -> None:
    code = client.code(person)
    refused(client.redeem(code, client_id=second.client_id), "invalid_client", status=401)
    assert client.redeem(code, client_id=client.client_id).status_code == 200


def test_ensure_holder_of_key_required(client: FapiClient, person: Person) -> None:
    """Refused before the code is used up: with a proof it still is worth something."""
    code = client.code(person)
    refused(client.redeem(code, proof=None), "invalid_request", "invalid_dpop_proof")
    assert client.redeem(code).status_code == 200


# PKCE ----------------------------------------------------------------------------------------------------------------


def test_par_ensure_pkce_required(client: FapiClient) -> None:
    refused(client.push(client.request(code_challenge=None, code_challenge_method=None)), "invalid_request")


def test_par_plain_pkce_rejected(client: FapiClient) -> None:
    refused(client.push(client.request(code_challenge_method="plain")), "invalid_request")


def test_ensure_pkce_code_verifier_required(client: FapiClient, person: Person) -> None:
    """The suite takes nothing but invalid_grant."""
    refused(client.redeem(client.code(person), code_verifier=None), "invalid_grant")


def test_incorrect_pkce_code_verifier_rejected(client: FapiClient, person: Person) -> None:
    refused(client.redeem(client.code(person), code_verifier="w" * 50), "invalid_grant")


# client assertions ---------------------------------------------------------------------------------------------------


def with_assertion(client: FapiClient, assertion: str | None) -> requests.Response:
    form = client.request() | {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
    return client.push(form)


def test_ensure_client_assertion_in_token_endpoint(client: FapiClient, person: Person) -> None:
    code = client.code(person)
    refused(
        client.redeem(code, client_assertion=None, client_assertion_type=None, client_id=client.client_id),
        "invalid_client",
        status=401,
    )
    assert client.redeem(code).status_code == 200


BAD_ASSERTIONS: dict[str, dict[str, Any]] = {
    # Times are seconds from now.
    "ensure-client-assertion-with-exp-is-5-minutes-in-past-fails": {"exp": -300, "iat": -360},
    "ensure-client-assertion-with-wrong-aud-fails": {"aud": "https://other.example"},
    "ensure-client-assertion-with-no-sub-fails": {"sub": None},
    "par-ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-future-fails": {"nbf": 180, "exp": 300},
    "par-test-array-as-audience-fails": {"aud": ["ISSUER"]},
    "par-test-par-endpoint-url-as-audience-fails": {"aud": "ISSUER/par"},
    "par-test-token-endpoint-url-as-audience-fails": {"aud": "ISSUER/token"},
}


@pytest.mark.parametrize("module", BAD_ASSERTIONS)
def test_client_assertions_that_fail(client: FapiClient, person: Person, module: str) -> None:
    """At both endpoints; the code stays whole."""
    changes: dict[str, Any] = {}
    for name, value in BAD_ASSERTIONS[module].items():
        if isinstance(value, int):
            value = int(time.time()) + value
        elif isinstance(value, str):
            value = value.replace("ISSUER", client.issuer)
        elif isinstance(value, list):
            value = [client.issuer]
        changes[name] = value
    refused(with_assertion(client, client.assertion(**changes)), "invalid_client", status=401)
    code = client.code(person)
    refused(client.redeem(code, client_assertion=client.assertion(**changes)), "invalid_client", status=401)
    assert client.redeem(code).status_code == 200


def test_ensure_signed_client_assertion_with_RS256_fails(fapi_site: FapiSite) -> None:
    key = SigningKey("PS256")
    app = fapi_site.client("2.0-security", jwks={"keys": [key.registered | {"alg": "PS256"}]})
    assert with_assertion(app, app.assertion(key)).status_code == 201
    refused(with_assertion(app, app.assertion(key, "RS256")), "invalid_client", status=401)


def test_par_ensure_jwt_client_assertions_nbf_8_seconds_in_the_future_is_accepted(client: FapiClient) -> None:
    now = int(time.time())
    assert with_assertion(client, client.assertion(nbf=now + 8, exp=now + 68)).status_code == 201


def test_ensure_client_assertion_jti_is_used_once(client: FapiClient) -> None:
    assertion = client.assertion(jti=uuid.uuid4().hex)
    assert with_assertion(client, assertion).status_code == 201
    refused(with_assertion(client, assertion), "invalid_client", status=401)


# PAR -----------------------------------------------------------------------------------------------------------------


def test_par_ensure_reused_request_uri_prior_to_auth_completion_succeeds(
    client: FapiClient, fapi_site: FapiSite
) -> None:
    person = fapi_site.person(signed_in=False)
    request_uri = client.pushed()
    assert 'name="csrf_token"' in client.authorize(person, request_uri).text
    page = client.authorize(person, request_uri)
    assert 'name="csrf_token"' in page.text
    fapi_site.sign_in(person)
    response = client.answered(person.go(f"{client.issuer}/authorize/{page.url.rsplit('/', 1)[1]}"))
    assert client.redeem(response["code"]).status_code == 200


def test_par_attempt_reuse_request_uri(client: FapiClient, person: Person) -> None:
    request_uri = client.pushed()
    assert "code" in client.answered(client.authorize(person, request_uri))
    again = client.authorize(person, request_uri)
    assert again.status_code == 400
    assert not again.is_redirect


def test_par_attempt_to_use_expired_request_uri(client: FapiClient, person: Person, fapi_site: FapiSite) -> None:
    request_uri = client.pushed()
    row = PushedRequest.digest == digest(request_uri.rpartition(":")[2])
    fapi_site.town.change(update(PushedRequest).where(row).values(expires_at=clock.now() - timedelta(seconds=1)))
    assert client.authorize(person, request_uri).status_code == 400


def test_par_attempt_to_use_request_uri_for_different_client(
    client: FapiClient, second: FapiClient, person: Person
) -> None:
    request_uri = client.pushed()
    assert second.authorize(person, request_uri).status_code == 400
    assert "code" in client.answered(client.authorize(person, request_uri))


def test_par_authorization_request_containing_request_uri_form_param(client: FapiClient) -> None:
    refused(client.push(client.request(request_uri=client.pushed())), "invalid_request")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_par_attempt_invalid_http_method(client: FapiClient, method: str) -> None:
    endpoint = client.config["pushed_authorization_request_endpoint"]
    answer = requests.request(method, endpoint, params=client.authenticated(client.request()), timeout=10)
    assert answer.status_code == 405


def test_par_without_duplicate_parameters(client: FapiClient, person: Person) -> None:
    """What stands beside the reference counts for nothing (RFC 9126 §4)."""
    form = client.request()
    page = client.authorize(person, client.pushed(form), state="other", redirect_uri="https://evil.example/cb")
    assert client.answered(page)["state"] == form["state"]


# DPoP binding (the proof's own checks: test_fapi2_dpop_negative.py) -------------------------------------------------------


def test_ensure_dpopproof_at_par_endpoint_binding_success(client: FapiClient, person: Person) -> None:
    code = client.code(person, DPoP=client.dpop.proof("POST", client.config["pushed_authorization_request_endpoint"]))
    assert client.redeem(code).status_code == 200


def test_ensure_dpop_auth_code_binding_success(client: FapiClient, person: Person) -> None:
    code = client.code(person, client.request(dpop_jkt=client.dpop.jkt))
    assert client.redeem(code).status_code == 200


def test_ensure_mismatched_dpop_jkt_fails(client: FapiClient) -> None:
    proof = client.dpop.proof("POST", client.config["pushed_authorization_request_endpoint"])
    refused(client.push(client.request(dpop_jkt=DpopKey().jkt), DPoP=proof), "invalid_request", "invalid_dpop_proof")


def test_ensure_token_endpoint_fails_with_mismatched_dpop_jkt(client: FapiClient, person: Person) -> None:
    code = client.code(person, client.request(dpop_jkt=DpopKey().jkt))
    refused(client.redeem(code), "invalid_grant", "invalid_dpop_proof")


def test_ensure_token_endpoint_fails_with_mismatched_dpop_proof_jkt(client: FapiClient, person: Person) -> None:
    other = DpopKey().proof("POST", client.config["pushed_authorization_request_endpoint"])
    code = client.code(person, DPoP=other)
    refused(client.redeem(code), "invalid_grant", "invalid_dpop_proof")
