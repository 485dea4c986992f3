"""Clients whose keys are behind a `jwks_uri`: rotation works, and a hostile one costs nobody else anything."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from werkzeug.test import TestResponse

from idp.foundation import clock
from idp.oidc.client_keys.keys import ClientKeys
from tests.support.apps import App
from tests.support.hostile import Hostile
from tests.support.town import Town
from tests.support.waiting import until

_jtis = itertools.count()


@pytest.fixture
def hostile() -> Iterator[Hostile]:
    with Hostile() as server:
        yield server


class Signer:
    """A client's private key."""

    def __init__(self, kid: str) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.kid = kid

    @property
    def public(self) -> dict[str, Any]:
        jwk: dict[str, Any] = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self.private.public_key()))
        return {**jwk, "kid": self.kid}

    def assertion(self, app: App) -> str:
        now = clock.epoch()
        claims = {"iss": app.client_id, "sub": app.client_id, "aud": app.town.issuer, "iat": now, "exp": now + 60}
        return jwt.encode(claims | {"jti": f"j{next(_jtis)}"}, self.private, "ES256", headers={"kid": self.kid})


def keyed(town: Town, uri: str) -> App:
    return town.register(
        token_endpoint_auth_method="private_key_jwt",
        jwks_uri=uri,
        grant_types=["client_credentials"],
        scope="case:write",
    )


def token(app: App, signer: Signer) -> TestResponse:
    form: dict[str, str | None] = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": signer.assertion(app),
    }
    return app.town.app.test_client().post("/token", data=form)


def later(town: Town, seconds: float) -> None:
    """Let the cache's times pass."""
    for entry in town.op.client_keys._entries.values():
        entry.tried_at -= seconds
        entry.fetched_at -= seconds


def test_keys_are_fetched_once_and_kept(town: Town, hostile: Hostile) -> None:
    signer, app = Signer("a"), keyed(town, hostile.url + "/good")
    hostile.keys = {"keys": [{"kty": "AKP", "alg": "future"}, signer.public]}
    for _ in range(3):
        assert token(app, signer).status_code == 200
    assert hostile.asked == ["/good"]


def test_a_new_key_is_found_after_the_least_interval(town: Town, hostile: Hostile) -> None:
    """OIDF module refresh-token-rp-key-rotation: the new kid is accepted after 60 s."""
    old, new, app = Signer("old"), Signer("new"), keyed(town, hostile.url + "/good")
    hostile.keys = {"keys": [old.public]}
    assert token(app, old).status_code == 200
    hostile.keys = {"keys": [new.public]}
    assert token(app, new).status_code == 401
    assert len(hostile.asked) == 1  # not so soon: an unknown kid cannot make us hammer the client
    later(town, ClientKeys.MIN_INTERVAL + 1)
    assert token(app, new).status_code == 200
    assert token(app, old).status_code == 401
    assert len(hostile.asked) == 2


def test_the_keys_of_before_serve_while_the_address_is_down(town: Town, hostile: Hostile) -> None:
    signer, app = Signer("a"), keyed(town, hostile.url + "/good")
    hostile.keys = {"keys": [signer.public]}
    assert token(app, signer).status_code == 200
    hostile.__exit__(None, None, None)
    later(town, ClientKeys.MAX_AGE + 1)
    assert token(app, signer).status_code == 200
    later(town, ClientKeys.KEEP)
    assert token(app, signer).status_code == 401  # but not for ever


@pytest.mark.parametrize("path", ["/redirect", "/html", "/nonsense", "/list", "/down", "/huge", "/drip-body"])
def test_a_wrong_answer_is_no_key_set(town: Town, hostile: Hostile, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ClientKeys, "TIMEOUT", 0.5)  # of one that drips for ever
    signer, app = Signer("a"), keyed(town, hostile.url + path)
    hostile.keys = {"keys": [signer.public]}
    answer = token(app, signer)
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")
    token(app, signer)
    assert hostile.asked == [path]  # and it is left alone for a while


def test_private_and_symmetric_keys_are_not_taken(town: Town, hostile: Hostile) -> None:
    signer, app = Signer("a"), keyed(town, hostile.url + "/good")
    hostile.keys = {"keys": [{**signer.public, "d": "AAAA"}, {"kty": "oct", "k": "AAAA", "kid": "a"}, 7, None]}
    assert token(app, signer).status_code == 401


def test_a_private_address_is_not_asked(sqlite_url: str, hostile: Hostile) -> None:
    with Town(sqlite_url, outbound_loopback=False) as town:
        assert token(keyed(town, hostile.url + "/good"), Signer("a")).status_code == 401
        assert token(keyed(town, "https://169.254.169.254/jwks"), Signer("a")).status_code == 401
    assert hostile.asked == []


@contextmanager
def asked_at_once(apps: list[App], signer: Signer, hostile: Hostile, waiting: int) -> Iterator[None]:
    """While so many of these wait, and the others have been refused; afterwards, when the site has let go, all are."""
    with ThreadPoolExecutor(len(apps)) as pool:
        asked = [pool.submit(token, app, signer) for app in apps]
        until(lambda: sum(answer.done() for answer in asked) >= len(apps) - waiting)
        yield
        assert sum(answer.done() for answer in asked) == len(apps) - waiting
        hostile.let_go()
        assert {answer.result().status_code for answer in asked} == {401}


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ClientKeys, "TIMEOUT", 3600.0)  # until the test lets go


@pytest.mark.usefixtures("patient")
def test_slow_ones_hold_up_only_a_few_requests_and_nobody_else(town: Town, hostile: Hostile) -> None:
    """Twelve clients that drip, asked at once: two requests wait, the others are refused at once."""
    slow = [keyed(town, f"{hostile.url}/drip-body?{n}") for n in range(12)]
    signer, good = Signer("a"), keyed(town, hostile.url + "/good")
    hostile.keys = {"keys": [signer.public]}
    assert token(good, signer).status_code == 200
    new = keyed(town, hostile.url.replace("127.0.0.1", "localhost") + "/good")
    with asked_at_once(slow, signer, hostile, waiting=2):
        assert token(good, signer).status_code == 200  # its keys are at hand
        assert token(new, signer).status_code == 200  # these are fetched meanwhile, from another host


@pytest.mark.usefixtures("patient")
def test_a_crowd_before_one_slow_address(town: Town, hostile: Hostile) -> None:
    """One reads, two wait for it, the rest is told at once; then the address is left alone for a while."""
    app, signer = keyed(town, hostile.url + "/silence"), Signer("a")
    with asked_at_once([app] * 12, signer, hostile, waiting=3):
        assert hostile.asked == ["/silence"]
    for _ in range(4):
        assert token(app, signer).status_code == 401
    assert hostile.asked == ["/silence"]


def test_who_found_no_room_may_ask_again(town: Town, hostile: Hostile) -> None:
    """Being refused for others' sake is no failure of this address: it costs no pause."""
    signer, app = Signer("a"), keyed(town, hostile.url + "/good")
    hostile.keys = {"keys": [signer.public]}
    with town.op.client_keys._bulkhead.held("127.0.0.1"), town.op.client_keys._bulkhead.held("127.0.0.1"):
        assert token(app, signer).status_code == 401
    assert token(app, signer).status_code == 200
