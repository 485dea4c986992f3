"""Encrypted request objects (RFC 9101 §6.1): opened by the registered algorithms only, and signed inside all the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwe
from joserfc.jwk import ECKey, JWKRegistry, OctKey, RSAKey
from joserfc.util import urlsafe_b64decode

from idp.foundation import clock
from idp.oidc.client_metadata.metadata import MetadataError
from idp.oidc.jose.key_algorithms import ENCRYPTION_ALGORITHMS
from idp.oidc.jose.keys import rotate
from idp.oidc.jose.model import SigningKey as KeyRow
from idp.oidc.protection.protect import ENCRYPTION_METHODS
from tests.idp.oidc.authorization.test_request_object import KEY, Site, by_address, refused, registered, send, signed
from tests.idp.oidc.registration.test_registration import issue, register
from tests.support.apps import App
from tests.support.browser import Browser, callback
from tests.support.fapi import SigningKey, b64url
from tests.support.town import Town

EVERYTHING = ["RSA1_5", "RSA-OAEP", "dir", "A128KW", "PBES2-HS256+A128KW", "DEF"]


def encrypting(town: Town, name: str, alg: str = "ECDH-ES", enc: str | None = None, **metadata: Any) -> App:
    given = {"request_object_encryption_alg": alg} | ({"request_object_encryption_enc": enc} if enc else {})
    app = registered(town, f"https://{name}.example/cb", **given, **metadata)
    town.op.keys.forget()
    return app


def published(town: Town, alg: str) -> list[dict[str, Any]]:
    """Our keys for `alg`, as an app finds them."""
    keys = town.app.test_client().get("/jwks").json["keys"]
    return [k for k in keys if k["use"] == "enc" and k["alg"] == alg]


def sealed(content: str, jwk: Any, alg: str = "ECDH-ES", enc: str = "A128CBC-HS256", **header: Any) -> str:
    """A JWE by joserfc, to the public key `jwk`; `header` adds members."""
    key = JWKRegistry.import_key({n: v for n, v in jwk.items() if n not in ("use", "alg")})
    header = {"alg": alg, "enc": enc, "kid": jwk.get("kid"), "cty": "JWT"} | header
    header = {name: value for name, value in header.items() if value is not None}
    names = [*ENCRYPTION_ALGORITHMS, *ENCRYPTION_METHODS, *EVERYTHING]
    registry = jwe.JWERegistry(algorithms=names, strict_check_header=False)
    return jwe.encrypt_compact(header, content, key, registry=registry)


@pytest.fixture(scope="module")
def app(shared_town: Town) -> App:
    return encrypting(shared_town, "sealed")


@pytest.fixture(scope="module")
def ours(shared_town: Town, app: App) -> dict[str, Any]:
    (key,) = published(shared_town, "ECDH-ES")
    return key


@pytest.mark.parametrize("alg", ENCRYPTION_ALGORITHMS)
@pytest.mark.parametrize("enc", ENCRYPTION_METHODS)
def test_each_advertised_algorithm(shared_town: Town, shared_browser: Browser, alg: str, enc: str) -> None:
    app = encrypting(shared_town, f"{alg}-{enc}".replace("+", "-").lower(), alg, enc)
    config = shared_town.app.test_client().get("/.well-known/openid-configuration").json
    assert alg in config["request_object_encryption_alg_values_supported"]
    assert enc in config["request_object_encryption_enc_values_supported"]
    (key,) = published(shared_town, alg)
    response = callback(send(shared_browser, app, sealed(signed(app, state="inside"), key, alg, enc)))
    assert response["state"] == "inside"
    assert app.redeem(response["code"]).status_code == 200
    assert "code" in callback(send(shared_browser, app, sealed(signed(app), key, alg, enc, kid=None)))


def test_keys_come_with_the_first_client_and_are_sealed(town: Town) -> None:
    assert town.count(KeyRow) == 2
    encrypting(town, "first", "ECDH-ES+A256KW")
    encrypting(town, "second", "ECDH-ES+A256KW")
    (row,) = town.rows(KeyRow, KeyRow.alg == "ECDH-ES+A256KW")
    (key,) = published(town, row.alg)
    assert (key["kid"], key["use"], key["crv"]) == (row.kid, "enc", "P-256")
    assert not {"d", "p", "q"} & set(key)
    assert b"PRIVATE" not in row.private_sealed
    assert town.op.keys.signing("ES256").headers
    with pytest.raises(KeyError):
        town.op.keys.opening(row.alg, None)[0].sign({})  # it opens, and never signs


def test_who_registers_finds_the_key_at_once(any_town: Town) -> None:
    """Whatever was published a moment before."""
    assert published(any_town, "RSA-OAEP-256") == []
    metadata = {
        "redirect_uris": ["https://new.example/cb"],
        "jwks": {"keys": [KEY.registered]},
        "request_object_encryption_alg": "RSA-OAEP-256",
    }
    answer = register(any_town, issue(any_town, 1), metadata)
    assert answer.json["request_object_encryption_alg"] == "RSA-OAEP-256"
    assert len(published(any_town, "RSA-OAEP-256")) == 1


def test_pushed_and_by_address(shared_town: Town, shared_browser: Browser, ours: dict[str, Any], site: Site) -> None:
    app = encrypting(shared_town, "three-ways", require_signed_request_object=True, request_uris=[site.url])
    pushed = app.post("/par", {"request": sealed(signed(app), ours)})
    query = {"client_id": app.client_id, "request_uri": pushed.json["request_uri"]}
    assert "code" in callback(shared_browser.get("/authorize", query_string=query))
    site.body = sealed(signed(app), ours).encode()
    assert "code" in callback(by_address(shared_browser, app, site.url))
    # Plain where it must be encrypted, on all three ways; and no request object at all.
    assert app.post("/par", {"request": signed(app)}).json["error"] == "invalid_request_object"
    site.body = signed(app).encode()
    refused(by_address(shared_browser, app, site.url))
    refused(send(shared_browser, app, signed(app)))
    refused(shared_browser.authorize(app), "invalid_request")


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.served.stop()


def test_unsigned_inside_is_unsigned(shared_browser: Browser, app: App, ours: dict[str, Any]) -> None:
    """Whoever knows our public key can encrypt: it proves nothing about who asks."""
    body = b64url(json.dumps({**app.request(), "iss": app.client_id, "aud": app.town.issuer}).encode())
    nothing = b64url(b'{"alg":"none"}')
    for inside in (f"{nothing}.{body}.", body, json.dumps(app.request()), "", signed(app, SigningKey())):
        refused(send(shared_browser, app, sealed(inside, ours)))
    twice = sealed(sealed(signed(app), ours), ours)
    refused(send(shared_browser, app, twice))
    assert "code" in callback(send(shared_browser, app, sealed(signed(app), ours)))


def test_of_another_app_inside(shared_town: Town, shared_browser: Browser, app: App, ours: dict[str, Any]) -> None:
    other = encrypting(shared_town, "other")
    refused(send(shared_browser, app, sealed(signed(other), ours)))


def test_the_header_chooses_nothing(shared_town: Town, shared_browser: Browser, app: App, ours: dict[str, Any]) -> None:
    """Other algorithms, though we have the keys; RSA1_5, a shared key, a password with a costly count; compression; crit."""
    encrypting(shared_town, "rsa", "RSA-OAEP-256")
    (rsa,) = published(shared_town, "RSA-OAEP-256")
    token = signed(app)
    refused(send(shared_browser, app, sealed(token, rsa, "RSA-OAEP-256")))
    refused(send(shared_browser, app, sealed(token, ours, "ECDH-ES+A256KW")))
    refused(send(shared_browser, app, sealed(token, ours, enc="A256GCM")))
    with pytest.warns(match="RSA1_5"):
        refused(send(shared_browser, app, sealed(token, rsa, "RSA1_5")))
    secret = OctKey.import_key("k" * 32).as_dict() | {"kid": ours["kid"]}
    refused(send(shared_browser, app, sealed(token, secret, "dir")))
    refused(send(shared_browser, app, sealed(token, secret, "PBES2-HS256+A128KW", p2c=1000)))
    costly = b64url(json.dumps({"alg": "PBES2-HS256+A128KW", "enc": "A128CBC-HS256", "p2c": 2**31}).encode())
    refused(send(shared_browser, app, f"{costly}.a.a.a.a"))
    refused(send(shared_browser, app, sealed(token + "." * 10**6, ours, zip="DEF")))
    refused(send(shared_browser, app, sealed(token, ours, crit=["cty"])))


def test_keys_that_are_not_ours(shared_browser: Browser, app: App, ours: dict[str, Any]) -> None:
    stranger = ECKey.generate_key("P-256", {"kid": "stranger"}).as_dict(private=False)
    refused(send(shared_browser, app, sealed(signed(app), stranger)))
    refused(send(shared_browser, app, sealed(signed(app), stranger | {"kid": ours["kid"]})))
    refused(send(shared_browser, app, sealed(signed(app), stranger, kid=None)))
    signing = app.town.op.keys.signing("ES256")
    refused(send(shared_browser, app, sealed(signed(app), ours, kid=signing.kid)))


def test_broken_ones(shared_browser: Browser, app: App, ours: dict[str, Any]) -> None:
    """Each part bent; ephemeral keys that are none, of another curve, not on the curve: always the same answer."""
    good = sealed(signed(app), ours)
    parts = good.split(".")
    header = json.loads(urlsafe_b64decode(parts[0].encode()))
    bent = [".".join([*parts[:n], "AAAA" + parts[n][4:], *parts[n + 1 :]]) for n in range(1, 5)]
    bent += [".".join([*parts[:n], "", *parts[n + 1 :]]) for n in (0, 2, 3, 4)]
    bent += ["....", "a.b.c.d.e", good + ".", good + "é", "é....", "W10....", ".".join(parts[:4]) + "x.x"]
    curves = [ECKey.generate_key(c).as_dict(private=False) for c in ("P-384", "secp256k1")]
    off = {**header["epk"], "x": b64url(b"\1" * 32)}
    rsa = RSAKey.generate_key(2048).as_dict(private=False)
    for epk in [None, 1, "x", {}, {"kty": "EC"}, [], off, rsa, *curves]:
        bent.append(".".join([b64url(json.dumps({**header, "epk": epk}).encode()), *parts[1:]]))
    for member, value in (("kid", 1), ("kid", ["x"]), ("apu", 5), ("typ", {}), ("enc", None), ("alg", ["ECDH-ES"])):
        bent.append(".".join([b64url(json.dumps({**header, member: value}).encode()), *parts[1:]]))
    for token in bent:
        refused(send(shared_browser, app, token))
    assert app.post("/par", {"request": good + "A" * 20000}).status_code == 400
    assert "code" in callback(send(shared_browser, app, good))


def test_a_client_that_registered_none(shared_town: Town, shared_browser: Browser, ours: dict[str, Any]) -> None:
    app = registered(shared_town, "https://plain.example/cb")
    refused(send(shared_browser, app, sealed(signed(app), ours)))


def test_a_former_key_opens_for_a_while(town: Town) -> None:
    """OIDC Core §10.2.1: gone from the JWKS, still kept for those who have read the set before."""
    app = encrypting(town, "rotating")
    browser = town.signed_in()
    (old,) = published(town, "ECDH-ES")

    def turn(now_too: bool = False) -> None:
        with town.writing() as session:
            rotate(session, town.parts.vault, now_too)
        town.op.keys.forget()

    turn()
    new = next(k for k in published(town, "ECDH-ES") if k != old)
    assert "code" in callback(send(browser, app, sealed(signed(app), new)))  # whichever of the two an app takes
    with clock.travelled(timedelta(minutes=61)):
        turn()
        assert published(town, "ECDH-ES") == [new]
        browser = town.signed_in()
        for key in (old, new):
            assert "code" in callback(send(browser, app, sealed(signed(app), key)))
        assert "code" in callback(send(browser, app, sealed(signed(app), old, kid=None)))
    with clock.travelled(timedelta(days=3)):
        turn()
        browser = town.signed_in()
        refused(send(browser, app, sealed(signed(app), old)))
        refused(send(browser, app, sealed(signed(app), old, kid=None)))


def test_metadata_that_is_refused(shared_town: Town) -> None:
    for alg in ("RSA1_5", "RSA-OAEP", "dir", "A128KW", "PBES2-HS256+A128KW", "none"):
        with pytest.raises(MetadataError, match="request_object_encryption_alg: must be one of"):
            encrypting(shared_town, "never", alg)
    with pytest.raises(MetadataError, match="request_object_encryption_enc: must be one of"):
        encrypting(shared_town, "never", "ECDH-ES", "A192GCM")
    with pytest.raises(MetadataError, match="request_object_encryption_enc: goes with"):
        registered(shared_town, "https://never.example/cb", request_object_encryption_enc="A256GCM")
    with pytest.raises(MetadataError, match="jwks: needed for request_object_encryption_alg"):
        shared_town.register(redirect_uris=["https://never.example/cb"], request_object_encryption_alg="ECDH-ES")
