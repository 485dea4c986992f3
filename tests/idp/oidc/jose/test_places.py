"""Another party's JWT, at every place where one comes in, with every fault: one rule book, and the developer hears what is wrong."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from idp.foundation import clock
from tests.conftest import sqlite_copy
from tests.support.jwt_places import PLACES, Place, public
from tests.support.town import Town

EC = ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP256R1())
P384 = ec.generate_private_key(ec.SECP384R1())
ED = ed25519.Ed25519PrivateKey.generate()
RSA = rsa.generate_private_key(65537, 2048)
SHORT = rsa.generate_private_key(65537, 1024)


@dataclass(frozen=True)
class Case:
    """A JWT signed by `private`, while `jwk` is the key on record; `said` must stand in the description."""

    said: str = ""
    private: Any = EC
    jwk: dict[str, Any] = field(default_factory=lambda: public(EC))
    alg: str = "ES256"
    header: dict[str, Any] = field(default_factory=dict)
    claims: Callable[[Place], dict[str, Any]] = lambda _place: {}
    changed: Callable[[str], str] = lambda token: token
    times: int = 1


def later(name: str, seconds: int) -> Callable[[Place], dict[str, Any]]:
    return lambda _place: {name: clock.epoch() + seconds}


def part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def unsigned(token: str) -> str:
    claims = token.split(".")[1]
    return f"{part(jwt.get_unverified_header(token) | {'alg': 'none'})}.{claims}."


def hmac_with(secret: bytes) -> Callable[[str], str]:
    """The same token, but HS256 over the public key, which everybody knows (Keycloak CVE-2026-11800, PyJWT CVE-2022-29217)."""

    def change(token: str) -> str:
        import hashlib
        import hmac

        message = f"{part(jwt.get_unverified_header(token) | {'alg': 'HS256'})}.{token.split('.')[1]}"
        mac = hmac.digest(secret, message.encode(), hashlib.sha256)
        return f"{message}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"

    return change


PEM = EC.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
PRIVATE = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(EC)) | {"kid": "k1"}
PRIVATE.pop("key_ops", None)

FAULTS: dict[str, Case] = {
    # keys
    "short RSA": Case("2048", SHORT, public(SHORT), "PS256"),
    "use enc": Case("use is enc", jwk=public(EC, use="enc")),
    "use unknown": Case("use is neither", jwk=public(EC, use="both")),
    "key_ops wrong": Case("key_ops", jwk=public(EC, key_ops=["deriveKey"])),
    "alg of the key another": Case("not for this alg", RSA, public(RSA, alg="RS256"), "PS256"),
    "alg of the key for encryption": Case("do not go together", jwk=public(EC, alg="ECDH-ES")),
    "alg of the key of another kind": Case("do not go together", jwk=public(EC, alg="PS256")),
    "curve wrong": Case("do not go together", jwk=public(P384)),
    "curve unknown": Case("curve", jwk=public(EC) | {"crv": "secp256k1"}),
    "not on the curve": Case("malformed", jwk=public(EC) | {"x": public(OTHER)["x"]}),
    "private key": Case("private or secret", jwk=PRIVATE),
    "symmetric key": Case("kty", jwk={"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0", "kid": "k1"}),
    "another's key": Case("signature is wrong", OTHER),
    "kid unknown": Case("kid", header={"kid": "other"}),
    # header
    "none": Case("alg is not", changed=unsigned),
    "HS256 with the public key as PEM": Case("alg is not", changed=hmac_with(PEM)),
    "HS256 with the public key as JWK": Case("alg is not", changed=hmac_with(json.dumps(public(EC)).encode())),
    "crit unknown": Case("crit", header={"crit": ["exp"], "exp": 1}),
    "typ wrong": Case("typ is not", header={"typ": "at+jwt"}),
    "cut": Case("sign", changed=lambda token: token[:-6]),
    "nonsense": Case("is not a signed JWT", changed=lambda _token: "nonsense"),
    "deep": Case(
        "sign", changed=lambda token: f"{token.split('.')[0]}.{base64.urlsafe_b64encode(b'[' * 1500).decode()}.AA"
    ),
    # claims
    "expired": Case("has expired", claims=later("exp", -60)),
    "exp missing": Case("lacks exp", claims=lambda _: {"exp": None}),
    "exp no time": Case("exp is not a time", claims=lambda _: {"exp": "soon"}),
    "exp infinite": Case("exp is not a time", claims=lambda _: {"exp": float("inf")}),
    "exp too far": Case("lives too long", claims=later("exp", 2 * 3600)),
    "nbf in the future": Case("nbf is in the future", claims=later("nbf", 90)),
    "iat in the future": Case("iat is in the future", claims=later("iat", 90)),
    "aud wrong": Case("aud is not", claims=lambda _: {"aud": "https://other.example"}),
    "aud empty": Case("aud is not", claims=lambda _: {"aud": []}),
    "aud missing": Case("lacks aud", claims=lambda _: {"aud": None}),
    "iss wrong": Case("iss", claims=lambda _: {"iss": "somebody"}),
    "jti missing": Case("lacks jti", claims=lambda _: {"jti": None}),
    "jti reused": Case("was used before", times=2),
}
RIGHT: dict[str, Case] = {
    "ES256": Case(),
    "EdDSA": Case("", ED, public(ED), "EdDSA"),
    "PS256": Case("", RSA, public(RSA), "PS256"),
    "marked for it": Case(jwk=public(EC, use="sig", alg="ES256", key_ops=["verify"])),
    "aud array with others": Case(claims=lambda p: {"aud": ["https://other.example", p.town.issuer]}),
    "typ in full": Case(header={"typ": "in full"}),
}


@pytest.fixture(scope="module")
def town(template: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    path: Path = tmp_path_factory.mktemp("statements") / "issuers.json"
    path.write_text("{}")
    limits = {"token_limit": "100000/minute", "register_limit": "100000/minute"}
    with sqlite_copy(template[0]) as url, Town(url, software_statement_issuers=path, **limits) as town:
        yield town


@pytest.fixture(scope="module", params=PLACES, ids=lambda place: place.__name__)
def place(town: Town, request: pytest.FixtureRequest) -> Place:
    made: Place = request.param(town)
    return made


def told(place: Place, case: Case) -> Any:
    if refused := place.hold(case.jwk, case.alg):
        return refused
    token = case.changed(place.sign(case.private, case.jwk, case.alg, case.header, **case.claims(place)))
    return [place.send(token) for _ in range(case.times)][-1]


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_at_each_place(place: Place, fault: str) -> None:
    found = told(place, FAULTS[fault])
    if fault in place.free:
        assert found.taken, found
        return
    assert not found.taken
    who = type(place).__name__
    if fault in UNREADABLE and who in ("ClientAssertion", "SoftwareStatement"):
        return
    assert found.error == ERRORS.get((who, fault), place.error), found
    assert FAULTS[fault].said in found.description, found
    assert not re.search(r'["\\]|[^ -~]', found.description), found  # RFC 6749 §5.2


# Without a readable `sub` or `iss` nobody knows whose rules to speak of.
UNREADABLE = ("nonsense", "deep", "exp infinite")
ERRORS = {
    ("LoginHintToken", "expired"): "expired_login_hint_token",  # CIBA §13
    ("SoftwareStatement", "iss wrong"): "unapproved_software_statement",  # RFC 7591 §3.2.2
}


@pytest.mark.parametrize("case", RIGHT)
def test_a_right_one_at_each_place(place: Place, case: str) -> None:
    assert told(place, RIGHT[case]).taken
