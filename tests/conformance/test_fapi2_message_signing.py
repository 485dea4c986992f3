"""fapi2-message-signing-final (signed requests, JARM): each test has the name of the official module it stands for."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest
import requests

from tests.conformance.conftest import FapiSite
from tests.support.fapi import FapiClient, SigningKey, b64url
from tests.support.rp import Person

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def client(fapi_site: FapiSite) -> FapiClient:
    return fapi_site.client("2.0-message-signing")


def refused(answer: requests.Response, *errors: str) -> None:
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] in errors


def push_object(client: FapiClient, values: dict[str, Any] | None = None, **changes: Any) -> requests.Response:
    """Push a request object; integers among `changes` are seconds from now."""
    now = int(time.time())
    moved = {name: now + value if isinstance(value, int) else value for name, value in changes.items()}
    return client.push({"request": client.request_object(values or client.request(), **moved)})


def test_happy_flow(client: FapiClient, person: Person) -> None:
    """Signed request, signed response (JARM), bound tokens."""
    body = client.tokens(person)
    assert body["token_type"] == "DPoP"
    assert client.userinfo(body["access_token"]).status_code == 200


def test_discovery_end_point_verification(client: FapiClient) -> None:
    config = client.config
    assert config["request_parameter_supported"] is True
    assert {"jwt", "query.jwt", "fragment.jwt", "form_post.jwt"} <= set(config["response_modes_supported"])
    assert "none" not in config["request_object_signing_alg_values_supported"]
    assert "ES256" in config["authorization_signing_alg_values_supported"]


def test_ensure_request_object_with_multiple_aud_succeeds(client: FapiClient) -> None:
    assert push_object(client, aud=[client.issuer, "https://other.example"]).status_code == 201


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"exp": None}, id="ensure-request-object-without-exp-fails"),
        pytest.param({"nbf": None}, id="ensure-request-object-without-nbf-fails"),
        pytest.param({"exp": -300, "nbf": -600}, id="ensure-expired-request-object-fails"),
        pytest.param({"aud": "https://other.example"}, id="ensure-request-object-with-bad-aud-fails"),
        pytest.param({"aud": None}, id="ensure-request-object-without-aud-fails"),
        pytest.param({"exp": 70 * 60}, id="ensure-request-object-with-exp-over-60-fails"),
        pytest.param({"nbf": -70 * 60, "exp": -1 + 60}, id="ensure-request-object-with-nbf-over-60-fails"),
        pytest.param({"nbf": 60}, id="nbf-a-minute-in-the-future-fails"),
        pytest.param({"exp": "soon"}, id="exp-is-no-number"),
        pytest.param({"client_id": "another"}, id="client-id-of-another"),
        pytest.param({"iss": "another"}, id="iss-of-another"),
        pytest.param({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, id="request-uri-inside"),
        pytest.param({"request": "x.y.z"}, id="request-inside"),
    ],
)
def test_request_objects_that_fail(client: FapiClient, changes: dict[str, Any]) -> None:
    refused(push_object(client, **changes), "invalid_request_object")


def test_ensure_request_object_with_nbf_8_seconds_in_the_future_is_accepted(client: FapiClient) -> None:
    assert push_object(client, nbf=8).status_code == 201


def test_an_assertion_is_no_request_object(client: FapiClient) -> None:
    """RFC 9101 §10.8."""
    refused(push_object(client, sub=client.client_id), "invalid_request_object")


def test_ensure_signed_request_object_with_RS256_fails(fapi_site: FapiSite) -> None:
    key = SigningKey("PS256")
    app = fapi_site.client("2.0-message-signing", jwks={"keys": [key.registered]})
    app.key = key
    assert app.push().status_code == 201
    refused(app.push({"request": app.request_object(app.request(), alg="RS256")}), "invalid_request_object")


def test_ensure_request_object_signature_algorithm_is_not_none(client: FapiClient) -> None:
    signed = client.request_object(client.request())
    header = b64url(b'{"alg":"none","typ":"oauth-authz-req+jwt"}')
    unsigned = f"{header}.{signed.split('.')[1]}."
    refused(client.push({"request": unsigned}), "invalid_request_object")


def test_ensure_request_object_with_invalid_signature_fails(client: FapiClient) -> None:
    head, _, signature = client.request_object(client.request()).rpartition(".")
    broken = ("A" if signature[0] != "A" else "B") + signature[1:]
    refused(client.push({"request": f"{head}.{broken}"}), "invalid_request_object")


def test_ensure_matching_key_in_authorization_request(client: FapiClient) -> None:
    other = SigningKey()
    refused(client.push({"request": client.request_object(client.request(), key=other)}), "invalid_request_object")


def test_ensure_unsigned_request_at_par_endpoint_fails(client: FapiClient) -> None:
    endpoint = client.config["pushed_authorization_request_endpoint"]
    answer = client.http.post(endpoint, data=client.authenticated(client.request()), timeout=10)
    refused(answer, "invalid_request", "invalid_request_object")


def test_par_authorization_request_containing_request_uri(client: FapiClient) -> None:
    form = {"request": client.request_object(client.request()), "request_uri": client.pushed()}
    refused(client.push(form), "invalid_request")


@pytest.mark.parametrize("name", ["redirect_uri", "code_challenge"])
def test_ensure_request_object_without_what_is_needed_fails(client: FapiClient, name: str) -> None:
    """ensure-request-object-without-redirect-uri-fails: what stands beside the object does not repair it."""
    values = client.request()
    beside = values.pop(name)
    form = {"request": client.request_object(values), name: beside}
    refused(client.push(form), "invalid_request", "invalid_request_object")


def test_state_only_outside_request_object_not_used(client: FapiClient, person: Person) -> None:
    values = client.request(state=None)
    request_uri = client.pushed({"request": client.request_object(values), "state": "outside"})
    assert "state" not in client.answered(client.authorize(person, request_uri, state="outside"))


def test_ensure_different_state_and_nonce_inside_and_outside_request_object(client: FapiClient, person: Person) -> None:
    values = client.request(state="inside", nonce="inside")
    form = {"request": client.request_object(values), "state": "outside", "nonce": "outside"}
    response = client.answered(client.authorize(person, client.pushed(form), state="outside", nonce="outside"))
    assert response["state"] == "inside"
    claims = client.verify(client.redeem(response["code"]).json()["id_token"], client.client_id)
    assert claims["nonce"] == "inside"


def test_signed_by_value_without_par_fails(client: FapiClient, person: Person) -> None:
    """FAPI 2.0 asks for PAR, however well the request is signed."""
    query = {"client_id": client.client_id, "request": client.request_object(client.request())}
    page = person.go(str(requests.Request("GET", client.config["authorization_endpoint"], params=query).prepare().url))
    assert client.answered(page)["error"] == "invalid_request"


@pytest.mark.parametrize("mode", [None, "query", "form_post"])
def test_an_unsigned_response_cannot_be_asked_for(client: FapiClient, mode: str | None) -> None:
    refused(push_object(client, client.request(response_mode=mode)), "invalid_request")


@pytest.mark.parametrize("mode", ["jwt", "query.jwt", "fragment.jwt"])
def test_jarm_response_checks(client: FapiClient, person: Person, mode: str) -> None:
    """One parameter, signed with the registered algorithm, for this client, short-lived, with state and code inside."""
    form = client.request(response_mode=mode, prompt="none")
    location = client.authorize(person, client.pushed(form)).headers["Location"]
    parts = urlsplit(location)
    carried = parts.fragment if mode == "fragment.jwt" else parts.query
    values = dict(parse_qsl(carried))
    assert set(values) == {"response"}
    assert jwt.get_unverified_header(values["response"])["alg"] == "ES256"
    claims = client.verify(values["response"], client.client_id)
    assert set(claims) == {"iss", "aud", "exp", "code", "state"} | ({"session_state"} & set(claims))
    assert client.redeem(claims["code"]).status_code == 200


def test_user_rejects_authentication(fapi_site: FapiSite, person: Person) -> None:
    """Errors are signed too."""
    app = fapi_site.client("2.0-message-signing", consent=True)
    page = app.authorize(person, app.pushed())
    answer = person.submit(page, page.url, decision="deny")
    assert "error=" not in answer.headers["Location"]
    assert app.answered(answer)["error"] == "access_denied"
