"""Request objects (RFC 9101) of ordinary clients: by value and by registered address, and signed responses (JARM)."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from flask import Flask, Response, request
from jwt.algorithms import OKPAlgorithm
from werkzeug.test import TestResponse

from tests.support.apps import App
from tests.support.browser import Browser, callback
from tests.support.fapi import SigningKey
from tests.support.html import hidden_fields
from tests.support.server import free_port
from tests.support.serving import Served
from tests.support.town import Town

KEY = SigningKey()


@pytest.fixture(scope="module")
def app(shared_town: Town) -> App:
    return registered(shared_town, "https://jar.example/cb")


def registered(town: Town, redirect_uri: str, **metadata: Any) -> App:
    from idp.oidc.registration.register_client import CityOptions

    given = {"redirect_uris": [redirect_uri], "jwks": {"keys": [KEY.registered]}} | metadata
    return town.register(CityOptions(skip_consent=True), **given)


def signed(app: App, key: SigningKey = KEY, alg: str | None = None, typ: str | None = None, **changes: Any) -> str:
    values = app.request() | {"iss": app.client_id, "aud": app.town.issuer} | changes
    header = {} if typ is None else {"typ": typ}
    return key.sign({name: v for name, v in values.items() if v is not None}, alg, **header)


def send(browser: Browser, app: App, token: str, **outside: str) -> TestResponse:
    return browser.get("/authorize", query_string={"client_id": app.client_id, "request": token} | outside)


def refused(answer: TestResponse, error: str = "invalid_request_object") -> None:
    """To the client where what stands outside proves one, which here is its only redirect URI."""
    response = callback(answer)
    assert (response["error"], "code" in response) == (error, False)


def test_what_is_inside_counts_alone(shared_browser: Browser, app: App) -> None:
    response = callback(
        send(shared_browser, app, signed(app, state="inside"), state="outside", redirect_uri="https://evil.example/")
    )
    assert response["state"] == "inside"
    assert app.redeem(response["code"]).status_code == 200
    assert "state" not in callback(send(shared_browser, app, signed(app, state=None), state="outside"))


def test_structures_and_numbers_inside(shared_browser: Browser, app: App) -> None:
    token = signed(app, claims={"userinfo": {"name": None}}, max_age=100000, scope="openid")
    body = app.redeem(callback(send(shared_browser, app, token))["code"]).json
    assert app.userinfo(body["access_token"]).json["name"] == "見本 花子"


@pytest.mark.parametrize("alg", ["ES256", "PS256", "RS256", "EdDSA"])
def test_each_advertised_algorithm(shared_town: Town, shared_browser: Browser, alg: str) -> None:
    if alg == "EdDSA":
        private = ed25519.Ed25519PrivateKey.generate()
        jwk = {**json.loads(OKPAlgorithm.to_jwk(private.public_key())), "kid": "k1"}
        key = SigningKey()
        key.private, key.alg = private, "EdDSA"
    else:
        key = SigningKey(alg)
        jwk = key.registered
    host = f"https://{alg.lower()}.example/cb"
    app = registered(shared_town, host, jwks={"keys": [jwk]}, request_object_signing_alg=alg)
    assert "code" in callback(send(shared_browser, app, signed(app, key)))


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "another"},
        {"client_id": None},
        {"iss": "another"},
        {"aud": "https://other.example"},
        {"exp": 1},
        {"nbf": int(time.time()) + 10**6},
        {"exp": "soon"},
        {"exp": True},
        {"request": "a.b.c"},
        {"request_uri": "https://jar.example/r"},
        {"state": 1.5},
        {"state": "s" * 5000},
        {"state": "a\x00b"},
    ],
    ids="-".join,
)
def test_objects_that_are_refused(shared_browser: Browser, app: App, changes: dict[str, Any]) -> None:
    refused(send(shared_browser, app, signed(app, **changes)))


def test_a_client_assertion_is_no_request(shared_browser: Browser, app: App) -> None:
    refused(send(shared_browser, app, signed(app, sub=app.client_id)))
    refused(send(shared_browser, app, signed(app, typ="dpop+jwt")))


def test_signatures_that_prove_nothing(shared_browser: Browser, app: App) -> None:
    """Unknown key; `none`; HS256 with the public key; an algorithm the key is not for; not a JWT at all."""
    refused(send(shared_browser, app, signed(app, SigningKey())))
    refused(send(shared_browser, app, signed(app, SigningKey(kid="other"))))
    header = jwt.utils.base64url_encode(b'{"alg":"none"}').decode()
    refused(send(shared_browser, app, f"{header}.{signed(app).split('.')[1]}."))
    refused(send(shared_browser, app, jwt.encode(app.request(), json.dumps(KEY.registered) + "0" * 32, "HS256")))
    refused(send(shared_browser, app, signed(app, SigningKey("PS256"))))
    for text in ("x", "a.b.c", "é", "..", "[]"):
        refused(send(shared_browser, app, text))


def test_the_algorithm_is_the_registered_one(shared_town: Town, shared_browser: Browser) -> None:
    key = SigningKey("PS256")
    jwk = {name: value for name, value in key.registered.items() if name != "alg"}
    app = registered(shared_town, "https://ps.example/cb", jwks={"keys": [jwk]}, request_object_signing_alg="PS256")
    assert "code" in callback(send(shared_browser, app, signed(app, key)))
    refused(send(shared_browser, app, signed(app, key, "RS256")))


def test_a_client_without_keys(shared_town: Town, shared_browser: Browser) -> None:
    app = shared_town.register(redirect_uris=["https://keyless.example/cb"])
    refused(send(shared_browser, app, signed(app)))


def test_an_unproven_address_gets_nothing(shared_browser: Browser, shared_town: Town) -> None:
    """With two redirect URIs and none outside, an object that cannot be trusted leaves nowhere to send the error."""
    uris = ["https://two.example/a", "https://two.example/b"]
    app = registered(shared_town, uris[0], redirect_uris=uris)
    assert send(shared_browser, app, signed(app, SigningKey())).status_code == 400
    assert send(shared_browser, app, "x", redirect_uri="https://evil.example/").status_code == 400


def test_a_client_that_must_sign(shared_town: Town, shared_browser: Browser) -> None:
    app = registered(shared_town, "https://must-sign.example/cb", require_signed_request_object=True)
    refused(shared_browser.authorize(app), "invalid_request")
    assert "code" in callback(send(shared_browser, app, signed(app)))
    assert app.post("/par", app.request()).json["error"] == "invalid_request"
    assert app.post("/par", {"request": signed(app)}).status_code == 201


# by address ----------------------------------------------------------------------------------------------------------


class Site:
    """A client's site: `/r` serves what it is told."""

    def __init__(self) -> None:
        self.body: bytes = b""
        self.status = 200
        self.asked = 0
        site = Flask("site")
        site.add_url_rule("/<name>", view_func=self.serve)
        self.served = Served(site, free_port())
        self.url = f"{self.served.url}/r"

    def serve(self, name: str) -> Response:
        self.asked += 1
        where = {"Location": f"{request.host_url}r"} if name == "moved" else {}
        return Response(self.body, 302 if where else self.status, headers=where)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.served.stop()


def by_address(browser: Browser, app: App, uri: str) -> TestResponse:
    return browser.get("/authorize", query_string={"client_id": app.client_id, "request_uri": uri})


def test_a_registered_request_uri_is_fetched(shared_town: Town, shared_browser: Browser, site: Site) -> None:
    moved = site.url.replace("/r", "/moved")
    app = registered(shared_town, "https://by-address.example/cb", request_uris=[site.url, moved])
    site.body, site.status = signed(app).encode(), 200
    assert "code" in callback(by_address(shared_browser, app, site.url))
    site.body = signed(app, SigningKey()).encode()
    refused(by_address(shared_browser, app, site.url))
    site.body = "é".encode() * 20000
    refused(by_address(shared_browser, app, site.url), "invalid_request_uri")
    site.body, site.status = signed(app).encode(), 500
    refused(by_address(shared_browser, app, site.url), "invalid_request_uri")
    site.status = 200
    refused(by_address(shared_browser, app, moved), "invalid_request_uri")  # no redirects
    asked = site.asked
    refused(
        by_address(shared_browser, app, site.url + "x"), "invalid_request_uri"
    )  # and nobody asks an unregistered one
    assert site.asked == asked


def test_a_fragment_marks_the_version_of_a_request(shared_town: Town, shared_browser: Browser, site: Site) -> None:
    """OIDC Core §6.2, Registration §2. Certification sends the hash of something else: it is for caches, and there is none."""
    app = registered(shared_town, "https://versions.example/cb", request_uris=[site.url + "#one"])
    site.body, site.status = signed(app).encode(), 200
    for version in ("#one", "#two", ""):
        assert "code" in callback(by_address(shared_browser, app, site.url + version))
    site.body = signed(app, SigningKey()).encode()
    refused(by_address(shared_browser, app, site.url + "#one"))
    asked = site.asked
    for other in (site.url + "x#one", site.url + "?x#one", "#one"):
        refused(by_address(shared_browser, app, other), "invalid_request_uri")
    assert site.asked == asked


def test_a_request_uri_that_is_down(shared_town: Town, shared_browser: Browser) -> None:
    """Canaille's change log: an unreachable request_uri gave a 500."""
    uri = f"http://127.0.0.1:{free_port()}/r"
    app = registered(shared_town, "https://down.example/cb", request_uris=[uri])
    refused(by_address(shared_browser, app, uri), "invalid_request_uri")


# JARM ----------------------------------------------------------------------------------------------------------------


def opened(app: App, response: dict[str, str], alg: str) -> dict[str, Any]:
    assert set(response) == {"response"}
    keys = jwt.PyJWKSet.from_dict(app.town.app.test_client().get("/jwks").json)
    key = keys[jwt.get_unverified_header(response["response"])["kid"]]
    claims: dict[str, Any] = jwt.decode(
        response["response"], key.key, algorithms=[alg], audience=app.client_id, issuer=app.town.issuer
    )
    assert time.time() < claims["exp"] <= time.time() + 600
    return claims


@pytest.mark.parametrize("mode", ["jwt", "query.jwt", "fragment.jwt", "form_post.jwt"])
@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_signed_responses(shared_town: Town, shared_browser: Browser, mode: str, alg: str) -> None:
    host = f"https://jarm-{alg}-{mode.replace('.', '-')}.example/cb".lower()
    app = registered(shared_town, host, authorization_signed_response_alg=alg)
    answer = shared_browser.authorize(app, response_mode=mode)
    if mode == "form_post.jwt":
        response = {n: v for n, v in hidden_fields(answer.text).items() if n not in ("csrf_token", "next")}
    else:
        assert ("#" in answer.location) == (mode == "fragment.jwt")
        response = callback(answer)
    claims = opened(app, response, alg)
    assert claims["state"] == "st-1"
    assert app.redeem(claims["code"]).status_code == 200
    claims = opened(app, callback(shared_browser.authorize(app, response_mode="jwt", prompt="none login")), alg)
    assert (claims["error"], "code" in claims) == ("invalid_request", False)


def test_a_signed_response_is_no_hint(shared_browser: Browser, app: App) -> None:
    """It is a JWT of ours too, but names nobody."""
    response = callback(shared_browser.authorize(app, response_mode="jwt"))["response"]
    assert callback(shared_browser.authorize(app, id_token_hint=response))["error"] == "invalid_request"
    assert shared_browser.get("/logout", query_string={"id_token_hint": response}).status_code == 200
