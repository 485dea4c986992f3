"""Cases of the retired Python suite (`OP-…`) that the present plans lack: algorithms, encryption, claims, subjects, WebFinger."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from joserfc.jwk import ECKey, RSAKey

from tests.support.core_client import Client
from tests.support.core_plans import ALL, variants
from tests.support.core_site import CoreSite
from tests.support.signing_in import Resident

RSA = RSAKey.generate_key(2048, {"kid": "r1"})
EC = ECKey.generate_key("P-256", {"kid": "c1"})
KEYS: list[tuple[str, Any]] = [("RSA-OAEP-256", RSA), ("ECDH-ES", EC), ("ECDH-ES+A256KW", EC)]


def jwks(*keys: Any) -> dict[str, Any]:
    return {"keys": [key.as_dict(private=False) for key in keys]}


@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256"])
def test_op_idtoken_signed(site: CoreSite, person: Resident, alg: str) -> None:
    assert site.client(id_token_signed_response_alg=alg).sign_on(person).claims["sub"]


def test_op_idtoken_hs256(site: CoreSite, person: Resident) -> None:
    """Only for clients whose secret is kept readable, and only by their own secret."""
    hs: dict[str, Any] = {"id_token_signed_response_alg": "HS256", "token_endpoint_auth_method": "client_secret_jwt"}
    assert site.client(**hs).sign_on(person).claims["sub"]
    answer = site.register(id_token_signed_response_alg="HS256")
    assert answer.json()["error"] == "invalid_client_metadata"


@pytest.mark.parametrize(("alg", "key"), KEYS, ids=[k[0] for k in KEYS])
@pytest.mark.parametrize("enc", ["A128CBC-HS256", "A256GCM"])
def test_op_idtoken_sig_enc(site: CoreSite, person: Resident, alg: str, key: Any, enc: str) -> None:
    client = site.client(
        private=key, jwks=jwks(key), id_token_encrypted_response_alg=alg, id_token_encrypted_response_enc=enc
    )
    flow = client.sign_on(person)
    assert flow.claims["sub"]
    again = client.sign_on(person, prompt="none", id_token_hint=client.hint(flow.id_token))
    assert again.claims["sub"] == flow.claims["sub"]


@variants(tuple(v for v in ALL if v.id_token_in_front and not v.form_post))
def test_op_idtoken_enc_in_front(site: CoreSite, person: Resident, client: Client) -> None:
    sealed = site.client(client.variant, private=RSA, jwks=jwks(RSA), id_token_encrypted_response_alg="RSA-OAEP-256")
    assert sealed.sign_on(person).claims["sub"]


@pytest.mark.parametrize(("alg", "key"), KEYS[:2], ids=["RSA", "EC"])
@pytest.mark.parametrize("signed", [None, "ES256"])
def test_op_userinfo_enc(site: CoreSite, person: Resident, alg: str, key: Any, signed: str | None) -> None:
    """Encrypted, and signed then encrypted."""
    more: dict[str, Any] = {"userinfo_signed_response_alg": signed} if signed else {}
    client = site.client(private=key, jwks=jwks(key), userinfo_encrypted_response_alg=alg, **more)
    assert client.sign_on(person, scope="openid profile").info["name"] == "見本 花子"


@pytest.mark.parametrize("by_value", [True, False], ids=["request", "request_uri"])
@pytest.mark.parametrize("alg", ["RSA-OAEP-256", "ECDH-ES"])
def test_op_request_sig_enc(site: CoreSite, person: Resident, alg: str, by_value: bool) -> None:
    """Signed, then encrypted to a key from our `jwks_uri`; encrypted alone (OP-request_uri-Enc) is refused, for nobody signed it."""
    name = f"sealed-object-{alg}"
    uri = site.publish(name, "", "application/oauth-authz-req+jwt")
    client = site.client(private=EC, jwks=jwks(EC), request_object_encryption_alg=alg, request_uris=[uri])

    def outside(content: str) -> dict[str, str]:
        token = client.seal(content, alg)
        if by_value:
            return sent | {"request": token}
        return sent | {"request_uri": site.publish(name, token, "application/oauth-authz-req+jwt")}

    sent = client.request()
    asked = outside(client.sign({"iss": client.client_id, "aud": client.issuer, **sent}))
    assert client.finish(person.visit(client.url(asked)), sent).claims["sub"]
    page = person.go(client.url(outside(json.dumps(sent))))
    assert client.answered(page)["error"] == "invalid_request_object"


@pytest.mark.parametrize("method", ["client_secret_jwt", "private_key_jwt"])
def test_op_client_auth(site: CoreSite, person: Resident, method: str) -> None:
    more: dict[str, Any] = {"jwks": jwks(EC)} if method == "private_key_jwt" else {}
    client = site.client(private=EC, token_endpoint_auth_method=method, **more)
    assert client.sign_on(person).claims["sub"]
    used = client.assertion()
    code = client.answered(client.ask(person))["code"]
    assert client.redeem(code, client_assertion=used).status_code == 200
    code = client.answered(client.ask(person))["code"]
    assert client.redeem(code, client_assertion=used).json()["error"] == "invalid_client"


def test_op_webfinger(site: CoreSite) -> None:
    """By e-mail and by URL."""
    netloc = urlsplit(site.issuer).netloc
    rel = "http://openid.net/specs/connect/1.0/issuer"
    for resource in (f"acct:hanako@{netloc}", f"{site.issuer}/hanako"):
        answer = requests.get(
            f"{site.issuer}/.well-known/webfinger", params={"resource": resource, "rel": rel}, timeout=10
        )
        assert answer.json() == {"subject": resource, "links": [{"rel": rel, "href": site.issuer}]}


def test_op_sub_public_is_not_offered(site: CoreSite) -> None:
    answer = site.register(subject_type="public")
    assert answer.json()["error"] == "invalid_client_metadata"


def test_op_sub_pairwise_and_differ(site: CoreSite, dynamic: Callable[..., Client], person: Resident) -> None:
    """The same in one sector, different between sectors. A host that nobody vouches for makes no sector of clients that come alone."""
    uris = {"redirect_uris": ["https://sector.example/cb"]}
    proven = uris | {"sector_identifier_uri": site.publish("op-sector", uris["redirect_uris"])}
    first, same = (dynamic(**proven).sign_on(person).claims["sub"] for _ in "12")
    others = [dynamic(**given).sign_on(person).claims["sub"] for given in (uris, uris, {})]
    assert first == same
    assert len({first, *others}) == 4
    one, two = (site.client(**uris).sign_on(person).claims["sub"] for _ in "12")
    assert one == two


def claims(**asked: Any) -> str:
    return json.dumps(asked)


NAME = {"name": {"essential": True}}


@variants(tuple(v for v in ALL if v.response_type in ("code", "code id_token token") and not v.form_post))
def test_op_claims_split_and_combined(client: Client, person: Resident) -> None:
    """One here, one there; and the same in both; voluntary beside essential."""
    split = client.sign_on(person, claims=claims(userinfo=NAME, id_token={"email": None}))
    assert split.info["name"] == "見本 花子"
    assert "name" not in split.claims
    assert split.claims["email"] == "hanako@mihon.example"
    assert "email" not in split.info
    both = client.sign_on(person, claims=claims(userinfo=NAME | {"email": None}, id_token=NAME))
    assert (both.info["name"], both.info["email"], both.claims["name"]) == (
        "見本 花子",
        "hanako@mihon.example",
        "見本 花子",
    )


@variants(ALL[:1])
def test_op_claims_with_scope(client: Client, person: Resident) -> None:
    info = client.sign_on(person, scope="openid phone", claims=claims(userinfo=NAME)).info
    assert {"name", "phone_number"} <= set(info)
    assert "birthdate" not in info


@variants(ALL[:1])
def test_op_claims_sub(client: Client, person: Resident) -> None:
    mine = client.sign_on(person).claims["sub"]
    asked = client.sign_on(person, prompt="none", claims=claims(id_token={"sub": {"value": mine}}))
    assert asked.claims["sub"] == mine
    wrong = client.refused(person, prompt="none", claims=claims(id_token={"sub": {"value": "somebody-else"}}))
    assert wrong["error"] == "login_required"


@variants(ALL[:1])
def test_op_claims_auth_time_essential(client: Client, person: Resident) -> None:
    asked = claims(id_token={"auth_time": {"essential": True}})
    assert isinstance(client.sign_on(person, claims=asked).claims["auth_time"], int)


@variants(ALL[:1])
def test_op_claims_acr(client: Client, person: Resident) -> None:
    """Voluntary: anything goes; essential: reached or refused; `1` as OP-claims-acr=1 sends it."""
    reached = client.sign_on(person).claims["acr"]
    for asked in ({"values": [reached]}, {"value": reached, "essential": True}, {"value": "1"}, {"values": ["1", "2"]}):
        assert client.sign_on(person, claims=claims(id_token={"acr": asked})).claims["acr"] == reached
    asked = {"value": "1", "essential": True}
    answer = client.refused(person, claims=claims(id_token={"acr": asked}))
    assert answer["error"] == "unmet_authentication_requirements"
