"""Signing with every algorithm a client may register, and answers encrypted for it; nothing weaker by anybody's wish."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import mldsa
from joserfc.jwk import ECKey
from sqlalchemy import delete

from idp.oidc.client_metadata.metadata import MetadataError
from idp.oidc.jose.key_algorithms import ALGORITHMS
from idp.oidc.jose.keys import RETIRED, rotate
from idp.oidc.jose.model import SigningKey
from tests.support.browser import Browser
from tests.support.town import Town


def decoded(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def half(value: str, hashed: Callable[[bytes], Any]) -> str:
    digest = hashed(value.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).decode().rstrip("=")


def jwks(town: Town) -> dict[str, dict[str, Any]]:
    return {key["kid"]: key for key in town.app.test_client().get("/jwks").json["keys"]}


@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256", "EdDSA"])
def test_id_tokens(any_town: Town, alg: str) -> None:
    browser, app = any_town.signed_in(), any_town.register(id_token_signed_response_alg=alg)
    body = browser.tokens(app)
    claims = app.id_token(body["id_token"])
    expected = half(body["access_token"], hashlib.sha512 if alg == "EdDSA" else hashlib.sha256)
    assert claims["at_hash"] == expected


@pytest.mark.parametrize(
    ("alg", "public"), [("ML-DSA-44", mldsa.MLDSA44PublicKey), ("ML-DSA-65", mldsa.MLDSA65PublicKey)]
)
def test_id_tokens_for_the_time_after(town: Town, browser: Browser, alg: str, public: Any) -> None:
    """RFC 9964, checked with the bare primitive: no JOSE library of the day has it."""
    app = town.register(id_token_signed_response_alg=alg)
    token = browser.tokens(app)["id_token"]
    message, _, signature = token.rpartition(".")
    header = json.loads(decoded(message.split(".")[0]))
    key = jwks(town)[header["kid"]]
    assert (header["alg"], key["alg"], key["kty"]) == (alg, alg, "AKP")
    public.from_public_bytes(decoded(key["pub"])).verify(decoded(signature), message.encode())
    claims = json.loads(decoded(message.split(".")[1]))
    assert claims["aud"] == app.client_id
    assert "at_hash" not in claims  # no specification names its hash
    members = json.dumps({n: key[n] for n in ("alg", "kty", "pub")}, separators=(",", ":"), sort_keys=True)
    assert header["kid"] == base64.urlsafe_b64encode(hashlib.sha256(members.encode()).digest()).decode().rstrip("=")
    assert browser.get(f"/logout?id_token_hint={token}").status_code == 200


def test_keys_are_made_with_the_first_client_that_needs_them(town: Town) -> None:
    assert {key["alg"] for key in jwks(town).values()} == {"ES256", "RS256"}
    town.register(id_token_signed_response_alg="EdDSA", userinfo_signed_response_alg="PS256")
    town.op.keys._read_at = -1e9
    assert {key["alg"] for key in jwks(town).values()} == {"ES256", "RS256", "PS256", "EdDSA"}
    town.register(id_token_signed_response_alg="EdDSA")
    assert town.count(SigningKey) == 4
    assert all(not {"d", "p", "q", "priv"} & set(key) for key in jwks(town).values())


def test_they_rotate_like_the_others(town: Town, browser: Browser) -> None:
    app = town.register(id_token_signed_response_alg="EdDSA")
    before = browser.tokens(app)["id_token"]
    with town.writing() as session:
        assert {step.alg for step in rotate(session, town.parts.vault, now_too=True)} == {"ES256", "RS256", "EdDSA"}
    town.op.keys._read_at = -1e9
    assert app.id_token(before)["aud"] == app.client_id  # the retired key is still published
    assert app.id_token(browser.tokens(app)["id_token"])
    assert town.count(SigningKey, SigningKey.state == RETIRED) == 3
    town.change(delete(SigningKey).where(SigningKey.state == RETIRED))


def test_weaker_than_that_cannot_be_registered(town: Town) -> None:
    """Authlib CVE-2026-28490: RSA1_5 is an oracle."""
    for member in ("id_token_signed_response_alg", "userinfo_signed_response_alg", "introspection_signed_response_alg"):
        for alg in ("none", "HS256", "HS512", "RS1"):
            with pytest.raises(MetadataError):
                town.register(**{member: alg})
    for alg in ("RSA1_5", "RSA-OAEP", "dir", "A128KW", "PBES2-HS256+A128KW"):
        with pytest.raises(MetadataError):
            town.register(id_token_encrypted_response_alg=alg)
    with pytest.raises(MetadataError):
        town.register(userinfo_encrypted_response_enc="A128GCM")
    with pytest.raises(MetadataError):
        town.register(userinfo_encrypted_response_alg="ECDH-ES")  # no key
    signing_only = ECKey.generate_key("P-256", {"use": "sig"}).as_dict(private=False)
    with pytest.raises(MetadataError):
        town.register(userinfo_encrypted_response_alg="ECDH-ES", jwks={"keys": [signing_only]})


def test_signed_metadata(town: Town) -> None:
    body = town.app.test_client().get("/.well-known/openid-configuration").json
    signed = body.pop("signed_metadata")
    key = jwt.PyJWK.from_dict(jwks(town)[jwt.get_unverified_header(signed)["kid"]])
    claims = jwt.decode(signed, key.key, algorithms=["ES256"], issuer=town.issuer)
    assert {n: v for n, v in claims.items() if n not in ("iss", "iat")} == body
    assert "signed_metadata" not in claims


def test_discovery_tells_them(town: Town) -> None:
    body = town.app.test_client().get("/.well-known/openid-configuration").json
    for name in ("id_token", "userinfo", "introspection"):
        assert set(body[f"{name}_signing_alg_values_supported"]) == {*ALGORITHMS, "HS256"}
        assert "none" not in body[f"{name}_signing_alg_values_supported"]
        assert set(body[f"{name}_encryption_alg_values_supported"]) == {"RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A256KW"}
