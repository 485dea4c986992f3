"""private_key_jwt (RFC 7523): the key and its algorithm come from the registration, and an assertion is good once."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from werkzeug.test import TestResponse

from tests.conftest import sqlite_copy
from tests.support.apps import App
from tests.support.town import Town

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)
ED_KEY = ed25519.Ed25519PrivateKey.generate()


def public(key: Any, **more: str) -> dict[str, Any]:
    kind = {ec.EllipticCurvePrivateKey: ECAlgorithm, rsa.RSAPrivateKey: RSAAlgorithm}
    algorithm = next((a for k, a in kind.items() if isinstance(key, k)), OKPAlgorithm)
    return {**json.loads(algorithm.to_jwk(key.public_key())), **more}


@pytest.fixture(scope="module")
def app(shared_town: Town) -> App:
    return machine(shared_town, public(EC_KEY, kid="ec-1"))


def machine(town: Town, *keys: dict[str, Any], **metadata: Any) -> App:
    return town.register(
        grant_types=["client_credentials"],
        scope="case:write",
        token_endpoint_auth_method="private_key_jwt",
        jwks={"keys": list(keys)},
        **metadata,
    )


def claims_of(app: App, **changes: Any) -> dict[str, Any]:
    claims = {
        "iss": app.client_id,
        "sub": app.client_id,
        "aud": app.town.issuer,
        "exp": int(time.time()) + 60,
        "iat": int(time.time()),
        "jti": str(uuid.uuid4()),
    } | changes
    return {name: value for name, value in claims.items() if value is not None}


def send(app: App, assertion: str, **form: str) -> TestResponse:
    data = {"grant_type": "client_credentials", "client_assertion": assertion, "client_assertion_type": TYPE} | form
    return app.post("/token", data, headers={})


def assertion_of(
    app: App, key: Any = EC_KEY, alg: str = "ES256", headers: dict[str, Any] | None = None, **changes: Any
) -> str:
    return jwt.encode(claims_of(app, **changes), key, alg, headers={"kid": "ec-1"} if headers is None else headers)


def refused(answer: TestResponse) -> None:
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")


def test_a_right_assertion(app: App) -> None:
    assert send(app, assertion_of(app)).status_code == 200


@pytest.mark.parametrize("audience", ["issuer", "token", "list"])
def test_the_audience_is_the_issuer_or_the_token_endpoint(app: App, audience: str) -> None:
    issuer = app.town.issuer
    value = {"issuer": issuer, "token": f"{issuer}/token", "list": [issuer, "https://other.example"]}[audience]
    assert send(app, assertion_of(app, aud=value)).status_code == 200


ENDPOINTS = ("/token", "/par", "/revoke", "/introspect", "/device_authorization", "/backchannel_authentication")


@pytest.mark.parametrize("called", ENDPOINTS)
@pytest.mark.parametrize("base", ["issuer", "alias"])
def test_the_audience_may_be_the_endpoint_called(mtls_town: Town, called: str, base: str) -> None:
    """RFC 7523 §3, CIBA §7.1, RFC 8705 §5; another endpoint than token and the one called is none."""
    app = machine(mtls_town, public(EC_KEY, kid="ec-1"))
    start = {"issuer": mtls_town.issuer, "alias": "https://mtls.id.example"}[base]
    for path in ENDPOINTS:
        form = {
            "client_assertion": assertion_of(app, aud=start + path),
            "client_assertion_type": TYPE,
            "grant_type": "client_credentials",
        }
        answer = app.post(called, form, headers={})
        taken = answer.status_code == 200 or answer.json["error"] != "invalid_client"
        assert taken == (path in (called, "/token")), answer.text


@pytest.fixture(scope="module")
def mtls_town(template: Any) -> Iterator[Town]:
    proxy = {"mtls": True, "mtls_proxy_secret": "s" * 40, "mtls_base_url": "https://mtls.id.example"}
    with sqlite_copy(template[0]) as url, Town(url, token_limit="100000/minute", **proxy) as town:
        yield town


@pytest.mark.parametrize(
    ("key", "alg"),
    [(RSA_KEY, "RS256"), (RSA_KEY, "PS256"), (ED_KEY, "EdDSA"), (EC_KEY, "ES256")],
    ids=lambda v: str(v)[:8],
)
def test_each_advertised_algorithm(shared_town: Town, key: Any, alg: str) -> None:
    app = machine(shared_town, public(key), token_endpoint_auth_signing_alg=alg)
    assert send(app, assertion_of(app, key, alg, headers={})).status_code == 200


def test_the_second_key_while_a_client_rotates(shared_town: Town) -> None:
    app = machine(shared_town, public(ec.generate_private_key(ec.SECP256R1()), kid="old"), public(EC_KEY, kid="ec-1"))
    assert send(app, assertion_of(app)).status_code == 200
    assert send(app, assertion_of(app, headers={})).status_code == 200


def test_an_assertion_is_good_once(any_town: Town) -> None:
    """Hydra CVE-2020-5300; remembered in the database, so a restart forgets nothing. GHSA-3p3g-vpw6-4w66."""
    app = machine(any_town, public(EC_KEY, kid="ec-1"))
    assertion = assertion_of(app)
    assert send(app, assertion).status_code == 200
    refused(send(app, assertion))


def test_the_same_jti_of_another_client_is_another(shared_town: Town, app: App) -> None:
    other = machine(shared_town, public(EC_KEY, kid="ec-1"))
    assert send(app, assertion_of(app, jti="one")).status_code == 200
    assert send(other, assertion_of(other, jti="one")).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://other.example"},
        {"aud": "http://localhost:8000/authorize"},
        {"aud": "http://localhost:80"},
        {"aud": None},
        {"aud": []},
        {"aud": [1]},
        {"aud": {"a": 1}},
        {"iss": "somebody"},
        {"iss": None},
        {"sub": "somebody"},
        {"sub": None},
        {"sub": 1},
        {"sub": "a\x00b"},
        {"exp": None},
        {"exp": 1},
        {"exp": "soon"},
        {"exp": []},
        {"exp": 1e300},
        {"exp": float("inf")},
        {"exp": int(time.time()) + 7200},
        {"jti": None},
        {"jti": 1},
        {"jti": ""},
        {"jti": "x" * 300},
        {"iat": int(time.time()) + 3600},
        {"nbf": int(time.time()) + 3600},
    ],
    ids=lambda v: "-".join(v) if isinstance(v, dict) else str(v)[:40],
)
def test_wrong_claims(app: App, changes: dict[str, Any]) -> None:
    refused(send(app, assertion_of(app, **changes)))


def test_a_key_that_was_not_registered(app: App) -> None:
    refused(send(app, assertion_of(app, ec.generate_private_key(ec.SECP256R1()))))


def test_a_key_brought_along_in_the_header(app: App) -> None:
    """Authlib CVE-2026-27962."""
    mine = ec.generate_private_key(ec.SECP256R1())
    for headers in ({"jwk": public(mine)}, {"jwk": public(mine), "kid": "ec-1"}, {"jku": "http://127.0.0.1/keys"}):
        refused(send(app, assertion_of(app, mine, headers=headers)))


def hmac_jwt(app: App, secret: bytes, alg: str = "HS256") -> str:
    import hashlib
    import hmac

    def part(value: dict[str, Any]) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    message = part({"alg": alg, "kid": "ec-1"}) + b"." + part(claims_of(app))
    mac = base64.urlsafe_b64encode(hmac.new(secret, message, hashlib.sha256).digest()).rstrip(b"=")
    return (message + b"." + mac).decode()


def test_algorithm_confusion(app: App) -> None:
    """The public key is not a secret: HS256 over it proves nothing (Keycloak CVE-2026-11800, Authlib CVE-2024-37568).

    PyJWT CVE-2022-29217.
    """
    pem = EC_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for secret in (pem, json.dumps(public(EC_KEY, kid="ec-1")).encode()):
        refused(send(app, hmac_jwt(app, secret)))
        refused(send(app, hmac_jwt(app, secret, "ES256")))


def test_no_signature(app: App) -> None:
    """Authlib CVE-2026-28802: `none` in any spelling."""

    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    for alg in ("none", "None", "NONE", "ES256", ""):
        refused(send(app, f"{part({'alg': alg})}.{part(claims_of(app))}."))


@pytest.mark.parametrize(
    "make",
    [
        lambda _app: "nonsense",
        lambda _app: "a.b.c",
        lambda _app: "..",
        lambda _app: "e30.e30.e30",
        lambda _app: base64.urlsafe_b64encode(b"[" * 5000).decode().rstrip("=") + ".e30.e30",
        lambda _app: "e30." + base64.urlsafe_b64encode(b"[" * 5000).decode().rstrip("=") + ".e30",
        lambda app: assertion_of(app, headers={"crit": ["x"], "x": 1}),
        lambda app: assertion_of(app)[:-8],
        lambda app: assertion_of(app) + ".x",
        lambda _app: "\u3042.\u3042.\u3042",
        lambda _app: "x" * 9000,
    ],
)
def test_what_is_no_assertion(app: App, make: Callable[[App], str]) -> None:
    """Among them an unknown `crit` (PyJWT CVE-2026-32597, Authlib CVE-2025-59420)."""
    answer = send(app, make(app))
    assert answer.status_code in (400, 401)
    assert answer.json["error"] in ("invalid_client", "invalid_request")


def test_an_id_in_the_form_must_fit(app: App) -> None:
    assert send(app, assertion_of(app), client_id=app.client_id).status_code == 200
    refused(send(app, assertion_of(app), client_id="other"))


def test_the_assertion_type_must_be_the_right_one(app: App) -> None:
    refused(send(app, assertion_of(app), client_assertion_type="urn:other"))


def test_a_client_with_a_secret_cannot_use_an_assertion(shared_town: Town) -> None:
    app = shared_town.register(grant_types=["client_credentials"], scope="case:write", jwks={"keys": [public(EC_KEY)]})
    refused(send(app, assertion_of(app)))


def test_a_client_with_a_key_has_no_secret(app: App) -> None:
    assert app.secret is None
    form = {"grant_type": "client_credentials", "client_id": app.client_id, "client_secret": "x"}
    refused(app.post("/token", form, headers={}))
    refused(app.post("/token", {"grant_type": "client_credentials"}))


def test_the_method_works_at_introspection_and_revocation(app: App) -> None:
    token = send(app, assertion_of(app)).json["access_token"]
    for path, status in (("/introspect", 200), ("/revoke", 200)):
        form = {"token": token, "client_assertion": assertion_of(app), "client_assertion_type": TYPE}
        assert app.post(path, form, headers={}).status_code == status


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"exp": int(time.time()) + 7200}, "too long"),
        ({"exp": 1000}, "expired"),
        ({"nbf": int(time.time()) + 3600}, "in the future"),
        ({"aud": "https://other.example"}, "aud"),
        ({"jti": None}, "jti"),
    ],
    ids=lambda v: v if isinstance(v, str) else "-".join(v),
)
def test_the_developer_is_told_why(app: App, changes: dict[str, Any], words: str) -> None:
    description = send(app, assertion_of(app, **changes)).json["error_description"]
    assert words in description.lower()


def test_the_developer_is_told_of_a_second_use_and_of_a_wrong_key(app: App) -> None:
    assertion = assertion_of(app)
    send(app, assertion)
    assert "used" in send(app, assertion).json["error_description"]
    mine = ec.generate_private_key(ec.SECP256R1())
    assert "signature is wrong" in send(app, assertion_of(app, mine)).json["error_description"]
    assert "kid" in send(app, assertion_of(app, headers={"kid": "another"})).json["error_description"]
