"""Answers signed and encrypted as their client registered: ID tokens, userinfo, introspection, logout tokens."""

from __future__ import annotations

import base64
import hmac
import json
import math
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from joserfc import jwe
from joserfc.jwk import ECKey, OKPKey, RSAKey

from tests.idp.oidc.jose.test_algorithms import decoded, jwks
from tests.support.apps import App
from tests.support.browser import Browser
from tests.support.town import Town


def test_hs256_by_the_clients_secret(town: Town, browser: Browser) -> None:
    app = town.register(
        id_token_signed_response_alg="HS256", token_endpoint_auth_method="client_secret_jwt", require_pkce=False
    )
    from tests.idp.oidc.client_auth.test_client_secret_jwt import assertion

    form = {
        "grant_type": "authorization_code",
        "code": browser.code(app),
        "redirect_uri": app.redirect_uri,
        "code_verifier": "v" * 50,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion(app),
    }
    token = town.app.test_client().post("/token", data=form).json["id_token"]
    claims = jwt.decode(token, str(app.secret), algorithms=["HS256"], audience=app.client_id, issuer=town.issuer)
    assert claims["sub"]
    # As a hint it is believed, a forged one is not.
    assert "signed-out" in browser.get(f"/logout?id_token_hint={token}").text
    browser.sign_in(town.resident())
    public = json.dumps(next(iter(jwks(town).values()))).encode()
    message = token.rpartition(".")[0]
    for key in (b"guess", public):
        mac = base64.urlsafe_b64encode(hmac.digest(key, message.encode(), "sha256")).decode().rstrip("=")
        assert "signed-out" not in browser.get(f"/logout?id_token_hint={message}.{mac}").text


KEYS: dict[str, Callable[[], Any]] = {
    "RSA": lambda: RSAKey.generate_key(2048, {"use": "enc", "kid": "e1"}),
    "EC": lambda: ECKey.generate_key("P-256", {"use": "enc", "kid": "e1"}),
    "X25519": lambda: OKPKey.generate_key("X25519", {"use": "enc", "kid": "e1"}),
}


COMBINATIONS = [
    ("RSA", "RSA-OAEP-256", "A128GCM"),
    ("RSA", "RSA-OAEP-256", "A256GCM"),
    ("EC", "ECDH-ES", "A128CBC-HS256"),
    ("EC", "ECDH-ES+A256KW", "A256GCM"),
    ("X25519", "ECDH-ES", "A128GCM"),
]


def opened(token: str, key: Any, alg: str, enc: str) -> tuple[dict[str, Any], str]:
    found = jwe.decrypt_compact(token, key, algorithms=[alg, enc])
    assert (found.headers()["alg"], found.headers()["enc"], found.headers()["kid"]) == (alg, enc, "e1")
    return found.headers(), (found.plaintext or b"").decode()


@pytest.mark.parametrize(("kind", "alg", "enc"), COMBINATIONS)
def test_encrypted_id_tokens_and_userinfo(town: Town, browser: Browser, kind: str, alg: str, enc: str) -> None:
    key = KEYS[kind]()
    app = town.register(
        jwks={"keys": [key.as_dict(private=False)]},
        id_token_encrypted_response_alg=alg,
        id_token_encrypted_response_enc=enc,
        userinfo_encrypted_response_alg=alg,
        userinfo_encrypted_response_enc=enc,
        userinfo_signed_response_alg="ES256",
    )
    body = browser.tokens(app)
    header, inner = opened(body["id_token"], key, alg, enc)
    assert header["cty"] == "JWT"
    claims = app.id_token(inner)
    answer = app.userinfo(body["access_token"])
    assert answer.content_type == "application/jwt"
    _, signed = opened(answer.text, key, alg, enc)
    assert app.id_token(signed, verify_exp=False)["sub"] == claims["sub"]
    again = app.refresh(body["refresh_token"]).json
    assert app.id_token(opened(again["id_token"], key, alg, enc)[1])["sub"] == claims["sub"]


def test_userinfo_encrypted_but_not_signed(town: Town, browser: Browser) -> None:
    key = KEYS["EC"]()
    app = town.register(jwks={"keys": [key.as_dict(private=False)]}, userinfo_encrypted_response_alg="ECDH-ES")
    answer = app.userinfo(browser.tokens(app)["access_token"])
    header, inner = opened(answer.text, key, "ECDH-ES", "A128CBC-HS256")
    assert "cty" not in header
    assert json.loads(inner)["name"]


@pytest.mark.parametrize("alg", ["RS256", "PS256", "EdDSA"])
def test_signed_userinfo(town: Town, browser: Browser, alg: str) -> None:
    """OIDF module userinfo-rs256."""
    app = town.register(userinfo_signed_response_alg=alg, id_token_signed_response_alg=alg)
    body = browser.tokens(app)
    answer = app.userinfo(body["access_token"])
    assert answer.content_type == "application/jwt"
    assert answer.headers["Cache-Control"] == "no-store"
    claims = app.id_token(answer.text)  # signature, iss and aud (OIDC Core §5.3.2)
    assert claims["sub"] == app.id_token(body["id_token"])["sub"]
    # It is no ID token: as a hint it proves nothing.
    assert "signed-out" not in browser.get(f"/logout?id_token_hint={answer.text}").text


def test_a_key_that_cannot_be_had_costs_no_code(town: Town, browser: Browser) -> None:
    """Checked before anything is consumed, and never sent in the clear."""
    app = town.register(
        jwks_uri="http://127.0.0.1:9/jwks",
        id_token_encrypted_response_alg="ECDH-ES",
        userinfo_encrypted_response_alg="ECDH-ES",
    )
    code = browser.code(app)
    answer = app.redeem(code)
    assert answer.status_code == 400
    assert "id_token" not in answer.json
    key = KEYS["EC"]()
    entry = town.op.client_keys._entry("http://127.0.0.1:9/jwks")
    entry.keys, entry.fetched_at = [key.as_dict(private=False)], math.inf
    body = app.redeem(code).json
    assert opened(body["id_token"], key, "ECDH-ES", "A128CBC-HS256")
    entry.keys = []
    assert app.userinfo(body["access_token"]).status_code == 503


def test_introspection_as_a_jwt(town: Town, browser: Browser, app: App) -> None:
    """RFC 9701: by Accept, or by registration."""
    token = browser.tokens(app)["access_token"]
    headers = {
        "Accept": "application/token-introspection+jwt",
        "Authorization": "Basic " + base64.b64encode(f"{app.client_id}:{app.secret}".encode()).decode(),
    }
    answer = app.post("/introspect", {"token": token}, headers=headers)
    assert answer.content_type == "application/token-introspection+jwt"
    assert jwt.get_unverified_header(answer.text)["typ"] == "token-introspection+jwt"
    keys = jwt.PyJWKSet.from_dict({"keys": [k for k in jwks(town).values() if k["alg"] == "RS256"]})
    claims = jwt.decode(answer.text, keys.keys[0].key, algorithms=["RS256"], audience=app.client_id, issuer=town.issuer)
    assert claims["token_introspection"]["active"] is True
    assert "sub" not in claims
    assert "exp" not in claims
    assert app.introspect(token)["active"] is True
    key = KEYS["RSA"]()
    other = town.register(
        introspection_signed_response_alg="ES256",
        introspection_encrypted_response_alg="RSA-OAEP-256",
        jwks={"keys": [key.as_dict(private=False)]},
    )
    sealed = other.post("/introspect", {"token": "unknown"})
    _, inner = opened(sealed.text, key, "RSA-OAEP-256", "A128CBC-HS256")
    assert json.loads(decoded(inner.split(".")[1]))["token_introspection"] == {"active": False}


def test_logout_tokens_are_protected_like_id_tokens(town: Town, browser: Browser) -> None:
    from idp.oidc.logout.backchannel_logout import make_logout_token

    key = KEYS["EC"]()
    app = town.register(jwks={"keys": [key.as_dict(private=False)]}, id_token_encrypted_response_alg="ECDH-ES")
    client = town.op.clients.get(app.client_id)
    token = make_logout_token(town.op, client, "sub", "sid")
    _, inner = opened(token, key, "ECDH-ES", "A128CBC-HS256")
    assert jwt.get_unverified_header(inner)["typ"] == "logout+jwt"
