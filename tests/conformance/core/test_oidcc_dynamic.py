"""Dynamic plan: clients that register themselves (discovery: test_oidcc_config.py)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests
from joserfc.jwk import RSAKey
from sqlalchemy import select

from idp.oidc.jose.keys import rotate
from idp.oidc.jose.model import SigningKey
from tests.support.core_client import Client, Flow
from tests.support.core_site import CoreSite
from tests.support.pictures import png
from tests.support.signing_in import Resident
from tests.support.waiting import until

Register = Callable[..., Client]
KEY = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})
PUBLIC = {"keys": [KEY.as_dict(private=False)]}


def test_oidcc_server(dynamic: Register, person: Resident) -> None:
    assert dynamic().sign_on(person).claims["sub"]


def test_oidcc_idtoken_unsigned(site: CoreSite) -> None:
    """`none` is not to be had; the plan's module is skipped where it is not declared."""
    answer = site.register(id_token_signed_response_alg="none")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


def test_oidcc_idtoken_rs256(dynamic: Register, person: Resident) -> None:
    client = dynamic(id_token_signed_response_alg="RS256")
    assert client.registered["id_token_signed_response_alg"] == "RS256"
    assert client.sign_on(person).claims["sub"]


def test_oidcc_userinfo_rs256(dynamic: Register, person: Resident) -> None:
    info = (client := dynamic(userinfo_signed_response_alg="RS256")).sign_on(person).info
    assert (info["iss"], info["aud"]) == (client.issuer, client.client_id)


def test_oidcc_ensure_redirect_uri_in_authorization_request(dynamic: Register, person: Resident) -> None:
    client = dynamic(redirect_uris=["https://two.example/a", "https://two.example/b"])
    assert person.go(client.url(client.request(redirect_uri=None))).status_code == 400


def test_oidcc_redirect_uri_query_ok(dynamic: Register, person: Resident) -> None:
    client = dynamic(redirect_uris=["https://query.example/cb?foo=bar"])
    assert client.sign_on(person).claims["sub"]


@pytest.mark.parametrize("sent", ["https://query.example/cb", "https://query.example/cb?foo=baz"])
def test_oidcc_redirect_uri_query_mismatch(dynamic: Register, person: Resident, sent: str) -> None:
    client = dynamic(redirect_uris=["https://query.example/cb?foo=bar"])
    assert person.go(client.url(client.request(redirect_uri=sent))).status_code == 400


def test_oidcc_redirect_uri_query_added(dynamic: Register, person: Resident) -> None:
    client = dynamic(redirect_uris=["https://query.example/cb"])
    assert person.go(client.url(client.request(redirect_uri=client.redirect_uri + "?foo=bar"))).status_code == 400


def test_oidcc_redirect_uri_regfrag(site: CoreSite) -> None:
    answer = site.register(redirect_uris=["https://frag.example/cb#foo"])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_redirect_uri")


def test_oidcc_registration_policy_uri(dynamic: Register, person: Resident) -> None:
    linked_at_consent(dynamic, person, "policy_uri")


def test_oidcc_registration_tos_uri(dynamic: Register, person: Resident) -> None:
    linked_at_consent(dynamic, person, "tos_uri")


def linked_at_consent(dynamic: Register, person: Resident, member: str) -> None:
    """Shown where the resident decides."""
    client = dynamic(**{member: "https://texts.example/text"})
    assert client.registered[member] == "https://texts.example/text"
    page = person.go(client.url(client.request()))
    assert 'href="https://texts.example/text"' in page.text


def test_oidcc_registration_logo_uri(dynamic: Register, site: CoreSite, person: Resident) -> None:
    """Shown as our copy: pages fetch nothing from elsewhere (docs/conformance.md)."""
    uri = site.publish("logo.png", png(), "image/png")
    client = dynamic(logo_uri=uri)
    assert client.registered["logo_uri"] == uri
    page = until(lambda: page if "app-logo" in (page := person.go(client.url(client.request()))).text else None)
    assert page.status_code == 200
    assert uri not in page.text
    assert f'src="/apps/{client.client_id}/logo/' in page.text


def test_oidcc_registration_jwks_uri(dynamic: Register, site: CoreSite, person: Resident) -> None:
    uri = site.publish("jwks-1", PUBLIC)
    client = dynamic(KEY, jwks_uri=uri, token_endpoint_auth_method="private_key_jwt")
    assert client.sign_on(person).claims["sub"]


def test_oidcc_registration_sector_uri(dynamic: Register, site: CoreSite, person: Resident) -> None:
    """Two hosts in one sector see the same subject."""
    uris = ["https://one.example/cb", "https://other.example/cb"]
    sector = site.publish("sector", uris)
    first = dynamic(redirect_uris=uris, sector_identifier_uri=sector).sign_on(person).claims["sub"]
    second = dynamic(redirect_uris=uris[1:], sector_identifier_uri=sector).sign_on(person).claims["sub"]
    assert first == second


def test_oidcc_registration_sector_bad(site: CoreSite) -> None:
    sector = site.publish("bad-sector", ["https://one.example/cb"])
    answer = site.register(redirect_uris=["https://other.example/cb"], sector_identifier_uri=sector)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


def test_oidcc_server_rotate_keys(dynamic: Register, site: CoreSite, person: Resident) -> None:
    """The new key signs and is published, and the old one is still there. (Published first: tests/idp/oidc/jose/test_keys.py.)"""
    client = dynamic()
    old = client.sign_on(person)
    before = {k["kid"] for k in client.jwks()["keys"]}
    turn(site)
    with site.town.writing() as session:
        for key in session.scalars(select(SigningKey)):
            key.created_at -= timedelta(hours=2)
    turn(site)
    header = old.id_token.split(".")[0]

    def newly_signed() -> Flow | None:
        flow = client.sign_on(person)
        return flow if flow.id_token.split(".")[0] != header else None

    new = until(newly_signed, 20)
    assert new is not None
    published = {k["kid"] for k in requests.get(client.config["jwks_uri"], timeout=10).json()["keys"]}
    assert published > before
    assert client.open(old.id_token)["sub"] == new.claims["sub"]


def turn(site: CoreSite) -> None:
    with site.town.writing() as session:
        rotate(session, site.town.parts.vault)


# The suite registers addresses with a hash of something random, before it knows what will be there (OIDC Core §6.2).
VERSION = "#" + base64.urlsafe_b64encode(hashlib.sha256(b"random").digest()).decode().rstrip("=")


def test_oidcc_request_uri_unsigned(dynamic: Register, site: CoreSite, person: Resident) -> None:
    """The plan wants it served; here nothing unsigned counts, not even from a registered address (docs/conformance.md)."""
    uri = site.publish("unsigned-object", "eyJhbGciOiJub25lIn0.e30.", "application/oauth-authz-req+jwt")
    uri += VERSION
    answer = dynamic(request_uris=[uri]).refused(person, request_uri=uri)
    assert answer["error"] == "invalid_request_object"


@pytest.fixture
def signing(dynamic: Register, site: CoreSite) -> Client:
    """A client with a key, two redirect URIs and a registered address for its request object."""
    uri = site.publish("object", "", "application/oauth-authz-req+jwt")
    return dynamic(
        KEY,
        jwks=PUBLIC,
        request_uris=[uri + VERSION],
        request_object_signing_alg="RS256",
        redirect_uris=["https://object.example/cb", "https://object.example/other"],
    )


def objects(client: Client, sent: dict[str, Any]) -> str:
    return client.sign({"iss": client.client_id, "aud": client.issuer, **sent})


def test_oidcc_request_uri_signed_rs256(signing: Client, site: CoreSite, person: Resident) -> None:
    sent = signing.request()
    uri = site.publish("object", objects(signing, sent), "application/oauth-authz-req+jwt")
    outside = {n: sent[n] for n in ("client_id", "response_type", "scope")} | {"request_uri": uri + VERSION}
    assert signing.finish(person.visit(signing.url(outside)), sent).claims["sub"]


def test_oidcc_ensure_request_object_with_redirect_uri(signing: Client, person: Resident) -> None:
    """What the object says counts, not what stands outside."""
    sent = signing.request(redirect_uri="https://object.example/other")
    outside = signing.request(state="outside") | {"request": objects(signing, sent)}
    page = person.visit(signing.url(outside))
    assert page.headers["Location"].startswith("https://object.example/other?")
    assert f"state={sent['state']}" in page.headers["Location"]


def test_oidcc_refresh_token(dynamic: Register, person: Resident) -> None:
    client = dynamic(grant_types=["authorization_code", "refresh_token"])
    tokens = client.sign_on(person).tokens
    assert tokens is not None
    other = dynamic(grant_types=["authorization_code", "refresh_token"])
    assert other.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert client.refresh(tokens["refresh_token"]).status_code == 200


def test_oidcc_ensure_client_assertion_with_iss_aud_succeeds(dynamic: Register, person: Resident) -> None:
    client = dynamic(KEY, jwks=PUBLIC, token_endpoint_auth_method="private_key_jwt")
    assert client.sign_on(person).claims["sub"]  # the assertion's aud is the issuer
    code = client.answered(client.ask(person))["code"]
    wrong = client.redeem(code, client_assertion=client.assertion(aud="https://elsewhere.example"))
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
