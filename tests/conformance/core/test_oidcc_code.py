"""Basic and Hybrid plans (and their Form Post plans): codes, PKCE, refresh tokens and request objects."""

from __future__ import annotations

import secrets

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import OctKey

from tests.support.core_client import Client, challenge_of
from tests.support.core_plans import ALL, WITH_CODE, variants
from tests.support.core_site import CoreSite
from tests.support.signing_in import Resident

PKCE = tuple(v for v in WITH_CODE if v.response_type in ("code", "code id_token"))


def refused(answer: requests.Response, error: str = "invalid_grant") -> None:
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert "no-store" in answer.headers["Cache-Control"]


@variants(WITH_CODE)
def test_oidcc_codereuse(client: Client, person: Resident) -> None:
    flow = client.sign_on(person)
    refused(client.redeem(flow.front["code"]))


@variants(WITH_CODE)
def test_oidcc_codereuse_30seconds(client: Client, person: Resident, site: CoreSite) -> None:
    """Also after half a minute, and then the tokens it gave are dead."""
    flow = client.sign_on(person)
    site.later(30)
    refused(client.redeem(flow.front["code"]))
    assert flow.tokens is not None
    assert client.userinfo(flow.tokens["access_token"]).status_code == 401
    refused(client.refresh(flow.tokens["refresh_token"]))


@variants(PKCE)
def test_oidcc_ensure_request_with_valid_pkce_succeeds(client: Client, person: Resident) -> None:
    verifier = secrets.token_urlsafe(48)
    sent = client.request(code_challenge=challenge_of(verifier), code_challenge_method="S256")
    front = client.answered(person.visit(client.url(sent)))
    refused(client.redeem(front["code"], code_verifier="w" * 43))
    assert client.finish(person.visit(client.url(sent)), sent, code_verifier=verifier).claims["sub"]


@variants(WITH_CODE)
def test_oidcc_refresh_token(client: Client, person: Resident, site: CoreSite) -> None:
    """Works, for this client only, and for the same person."""
    other = site.client(client.variant)
    flow = client.sign_on(person, scope="openid offline_access", prompt="consent")
    assert flow.tokens is not None
    token = flow.tokens["refresh_token"]
    refused(other.refresh(token))
    again = client.refresh(token).json()
    claims = client.open(again["id_token"])
    assert {n: claims[n] for n in ("iss", "sub", "aud")} == {n: flow.claims[n] for n in ("iss", "sub", "aud")}
    assert client.userinfo(again["access_token"]).json()["sub"] == flow.claims["sub"]


@variants(ALL)
def test_oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported(
    client: Client, person: Resident, site: CoreSite
) -> None:
    uri = site.publish("unsigned.jwt", unsigned(client), "application/oauth-authz-req+jwt")
    error = client.refused(person, request_uri=uri)["error"]
    assert error in ("request_uri_not_supported", "invalid_request_uri", "invalid_request_object")


@variants(ALL)
def test_oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(
    client: Client, person: Resident
) -> None:
    """Refused, never ignored."""
    assert client.refused(person, request=unsigned(client))["error"] in (
        "request_not_supported",
        "invalid_request_object",
    )


@variants(ALL)
def test_oidcc_ensure_request_object_with_redirect_uri(client: Client, person: Resident) -> None:
    """Unsigned, so an error; signed: `test_oidcc_dynamic.py` and FAPI plans."""
    inside = unsigned(client, redirect_uri="https://elsewhere.example/cb")
    assert client.refused(person, request=inside)["error"] in ("request_not_supported", "invalid_request_object")


def unsigned(client: Client, **changes: str) -> str:
    """A request object with `alg` none."""
    claims = {"iss": client.client_id, "aud": client.issuer, **client.request(**changes)}
    return jwt.encode({"alg": "none"}, claims, OctKey.generate_key(), algorithms=["none"])


@pytest.mark.parametrize("alg", ["HS256", "none"])
@variants(ALL[:1])
def test_an_unsigned_object_is_not_served_by_other_means(client: Client, person: Resident, alg: str) -> None:
    """The client's secret signs no request objects either."""
    claims = {"iss": client.client_id, "aud": client.issuer, **client.request()}
    token = jwt.encode({"alg": alg}, claims, OctKey.import_key(str(client.secret)), algorithms=[alg])
    assert client.refused(person, request=token)["error"] == "invalid_request_object"
