"""Accidents of other providers and libraries that fit no other module: each test names the one it keeps from happening here.

All of them, with their tests: docs/threat-model.md.
"""

from __future__ import annotations

import uuid

import jwt
import pytest

from idp.foundation import clock
from tests.support.browser import Browser
from tests.support.fapi import ASSERTION_TYPE, SigningKey
from tests.support.people import BIRTH_DATES
from tests.support.town import Town


def test_an_address_that_does_not_parse_slips_past_no_limit(sqlite_url: str) -> None:
    """authentik CVE-2024-47070: an unparsable X-Forwarded-For skipped a step. Here all such callers share one counter."""
    with Town(sqlite_url, trusted_proxies=1, token_limit="3/minute") as town:
        app = town.register(grant_types=["client_credentials"], scope="case:write")
        form: dict[str, str | None] = {"grant_type": "client_credentials", "client_id": app.client_id}
        told = [
            town.app.test_client().post(
                "/token", data=form | {"client_secret": "wrong"}, headers={"X-Forwarded-For": address}
            )
            for address in ("nobody", "1.2.3", "::::", "256.1.1.1", "\u00e9vil", "10.0.0.1:x")
        ]
        assert [answer.status_code for answer in told] == [401] * 3 + [429] * 3


def test_guessing_for_a_resident_locks_out_the_guessers_network_only(sqlite_url: str) -> None:
    """Keycloak #26172, #46164, GHSA-cq42-vhv7-xr7p: the lock-out of an account is a weapon against its holder."""
    with Town(sqlite_url, trusted_proxies=1, activation_limit="10/hour") as town:
        code = town.activation_code("hanako")

        def tries(network: str, code: str) -> int:
            browser = town.browser()
            browser.headers["X-Forwarded-For"] = f"{network}.7"
            path = browser.get("/signin").location
            return browser.post(f"{path}/code", {"code": code, "birth_date": BIRTH_DATES["hanako"]}).status_code

        guesses = [tries("203.0.113", "AAAA-AAAA-AAAA") for _ in range(11)]
        assert guesses == [400] * 10 + [429]
        assert tries("203.0.113", code) == 429
        assert tries("198.51.100", code) == 303


@pytest.mark.parametrize(
    "path",
    ["//desk/apps", "/desk//apps", "/DESK/apps", "/desk/apps/", "/desk/%61pps", "/x/../desk/apps", "/desk/./apps",
     "/desk/apps%2f", "/desk/apps;x=1", "/desk%2Fapps", "/desk/apps%00", "/desk/apps.json", "/my/../desk/apps"],
)  # fmt: skip
def test_no_spelling_of_a_path_gets_around_its_guard(shared_browser: Browser, path: str) -> None:
    """Keycloak CVE-2026-9800: a guard that compares paths meets a router that reads them otherwise. Ours hang on the view."""
    answer = shared_browser.get(path)
    assert answer.status_code in (303, 308, 404)
    if answer.status_code == 303:
        assert answer.location.startswith("/staff/signin")


@pytest.mark.parametrize("registered", ["RS256", "PS256"])
def test_a_key_is_good_for_its_registered_algorithm_only(shared_town: Town, registered: str) -> None:
    """PyJWT CVE-2026-48523: with a `PyJWK` the header's algorithm was not held against the list of those allowed."""
    key = SigningKey("RS256")
    other = {"RS256": "PS256", "PS256": "RS256"}[registered]
    for jwk, by_member in ((key.registered | {"alg": registered}, False), (without(key.registered, "alg"), True)):
        app = shared_town.register(
            grant_types=["client_credentials"],
            scope="case:write",
            token_endpoint_auth_method="private_key_jwt",
            jwks={"keys": [jwk]},
            **({"token_endpoint_auth_signing_alg": registered} if by_member else {}),
        )
        for alg, status in ((registered, 200), (other, 401)):
            now = clock.epoch()
            claims = {"iss": app.client_id, "sub": app.client_id, "aud": shared_town.issuer, "exp": now + 60}
            assertion = jwt.encode(claims | {"jti": str(uuid.uuid4())}, key.private, alg, headers={"kid": "k1"})
            form = {"client_assertion": assertion, "client_assertion_type": ASSERTION_TYPE}
            answer = shared_town.app.test_client().post("/token", data=form | {"grant_type": "client_credentials"})
            assert answer.status_code == status, alg


def without(jwk: dict[str, object], name: str) -> dict[str, object]:
    return {member: value for member, value in jwk.items() if member != name}


def test_a_signing_key_is_loaded_once(shared_town: Town) -> None:
    """Canaille's change log: the key was imported anew at each use, which is slow."""
    keys = shared_town.op.keys
    before = keys.signing("ES256")
    keys._refresh(older_than=0.0)
    assert keys.signing("ES256") is before


def test_nesting_without_end(shared_town: Town, shared_browser: Browser) -> None:
    """kanidm 1.10: recursion over what was sent ended the server."""
    app = shared_town.register()
    for deep in ("[" * 6000, '{"userinfo":' * 1500, '{"a":[' * 2500):
        for name in ("claims", "authorization_details"):
            assert shared_browser.authorize(app, **{name: deep}).status_code in (302, 400)
        given = shared_town.app.test_client().post("/register", data=deep, content_type="application/json")
        assert given.status_code in (400, 401)
