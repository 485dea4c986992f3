"""Basic, Implicit, Hybrid and their Form Post plans: the ordinary flow, tokens, userinfo and nonce."""

from __future__ import annotations

from urllib.parse import urljoin

import pytest
from joserfc import jws

from tests.support.core_client import TIMEOUT, Client
from tests.support.core_plans import ALL, BASIC, WITH_CODE, WITH_USERINFO, Variant, variants
from tests.support.core_site import CoreSite
from tests.support.html import form_actions
from tests.support.signing_in import Resident


@variants(ALL)
def test_oidcc_server(client: Client, person: Resident) -> None:
    flow = client.sign_on(person)
    assert flow.claims["sub"]


@variants(ALL)
def test_oidcc_alternate_happy_flow(client: Client, person: Resident) -> None:
    """Words and parameters in another order."""
    sent = client.request(
        scope="profile openid", response_type=" ".join(reversed(client.variant.response_type.split()))
    )
    flow = client.finish(person.visit(client.url(dict(reversed(list(sent.items()))))), sent)
    assert flow.person_claims["name"] == "見本 花子"


@variants(ALL)
def test_oidcc_response_type_missing(client: Client, person: Resident) -> None:
    page = person.go(client.url(client.request(response_type=None)))
    if page.is_redirect:
        assert page.headers["Location"].startswith(client.redirect_uri)
        assert any(f"error={e}" in page.headers["Location"] for e in ("unsupported_response_type", "invalid_request"))
    else:
        assert client.answered(page, form_post=True)["error"] in ("unsupported_response_type", "invalid_request")


@variants(ALL)
def test_oidcc_idtoken_signature(client: Client, person: Resident) -> None:
    flow = client.sign_on(person)
    for token in (flow.front.get("id_token"), (flow.tokens or {}).get("id_token")):
        if token is not None:
            header = jws.extract_compact(token.encode()).headers()
            assert header["alg"] == "RS256"
            assert header["kid"] in [k["kid"] for k in client.jwks()["keys"] if k["kty"] == "RSA"]


@variants(BASIC)
def test_oidcc_idtoken_unsigned(client: Client, site: CoreSite) -> None:
    """`none` exists nowhere here, so the module is skipped by the suite: not declared, not registrable."""
    assert "none" not in client.config["id_token_signing_alg_values_supported"]
    answer = site.register(id_token_signed_response_alg="none")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


@variants(WITH_USERINFO)
def test_oidcc_userinfo_get(client: Client, person: Resident) -> None:
    flow = client.sign_on(person)
    assert client.opened_info(client.userinfo(flow.access_token)) == {"sub": flow.info["sub"]}


@variants(WITH_USERINFO)
def test_oidcc_userinfo_post_header(client: Client, person: Resident) -> None:
    flow = client.sign_on(person)
    headers = {"Authorization": f"Bearer {flow.access_token}"}
    answer = client.http.post(client.config["userinfo_endpoint"], headers=headers, timeout=TIMEOUT)
    assert client.opened_info(answer)["sub"] == flow.info["sub"]


@variants(WITH_USERINFO)
def test_oidcc_userinfo_post_body(client: Client, person: Resident) -> None:
    flow = client.sign_on(person)
    form = {"access_token": flow.access_token}
    answer = client.http.post(client.config["userinfo_endpoint"], data=form, timeout=TIMEOUT)
    assert client.opened_info(answer)["sub"] == flow.info["sub"]


NONCE_OPTIONAL = tuple(v for v in ALL if not v.id_token_in_front)
NONCE_REQUIRED = tuple(v for v in ALL if v.id_token_in_front)


@variants(NONCE_OPTIONAL)
def test_oidcc_ensure_request_without_nonce_succeeds_for_code_flow(client: Client, person: Resident) -> None:
    assert "nonce" not in client.sign_on(person, nonce=None).claims


@variants(NONCE_REQUIRED)
def test_oidcc_ensure_request_without_nonce_fails(client: Client, person: Resident) -> None:
    assert client.refused(person, nonce=None)["error"] == "invalid_request"


@variants(BASIC)
def test_oidcc_ensure_post_request_succeeds(client: Client, person: Resident) -> None:
    sent = client.request()
    answer = person.http.post(
        client.config["authorization_endpoint"], data=sent, allow_redirects=False, timeout=TIMEOUT
    )
    assert client.finish(person.visit(urljoin(client.issuer, answer.headers["Location"])), sent).claims["sub"]


@pytest.mark.parametrize("variant", WITH_CODE, ids=str)
def test_oidcc_server_client_secret_post(variant: Variant, site: CoreSite, person: Resident) -> None:
    client = site.client(variant, token_endpoint_auth_method="client_secret_post")
    code = client.answered(client.ask(person))["code"]
    wrong = client.post("token_endpoint", {"grant_type": "authorization_code", "code": code, "client_secret": "x" * 43})
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert client.sign_on(person).claims["sub"]


@variants(ALL)
def test_oidcc_ensure_registered_redirect_uri(client: Client, person: Resident) -> None:
    """A page of ours, no redirect."""
    page = person.go(client.url(client.request(redirect_uri="https://elsewhere.example/cb")))
    assert page.status_code == 400
    assert "Location" not in page.headers
    assert not [action for action in form_actions(page.text) if "elsewhere" in action]
    assert 'href="https://elsewhere' not in page.text
