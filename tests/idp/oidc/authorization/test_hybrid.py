"""Hybrid and implicit response types: off for everybody by default; where they are on, with the hashes and rules of OIDC Core."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import pytest

from idp.oidc.client_metadata.metadata import MetadataError
from idp.oidc.grants.model import Grant
from tests.support.apps import App
from tests.support.browser import Browser, callback
from tests.support.town import Town

ALL = ["code", "code id_token", "code token", "code id_token token", "id_token", "id_token token"]


@pytest.fixture
def town(sqlite_url: str) -> Iterator[Town]:
    with Town(sqlite_url, hybrid_flows=True) as town:
        yield town


@pytest.fixture
def app(town: Town) -> App:
    return town.register(
        response_types=ALL,
        grant_types=["authorization_code", "implicit", "refresh_token"],
        post_logout_redirect_uris=[],
    )


def half(value: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(value.encode()).digest()[:16]).decode().rstrip("=")


@pytest.mark.parametrize("kind", ALL[1:])
def test_what_comes_back(browser: Browser, app: App, kind: str) -> None:
    words = set(kind.split())
    browser.sign_on(app)
    answer = browser.authorize(app, response_type=kind)
    parts = urlsplit(answer.location)
    assert parts.query == ""  # nothing in the query (OIDC Core §3.3.2.5)
    got = dict(parse_qsl(parts.fragment))
    assert (got["state"], got["iss"]) == ("st-1", browser.town.issuer)
    assert ("code" in got, "id_token" in got, "access_token" in got) == tuple(
        w in words for w in ("code", "id_token", "token")
    )
    if "id_token" in words:
        claims = app.id_token(got["id_token"])
        assert claims["nonce"] == "n-1"
        assert claims.get("c_hash") == (half(got["code"]) if "code" in words else None)
        assert claims.get("at_hash") == (half(got["access_token"]) if "token" in words else None)
        # §5.4: scope claims only where no access token can fetch them.
        assert ("name" in claims) == (kind == "id_token")
    if "token" in words:
        assert got["token_type"] == "Bearer"
        assert int(got["expires_in"]) > 0
        assert app.userinfo(got["access_token"]).json["name"]
    if "code" in words:
        body = app.redeem(got["code"]).json
        again = app.id_token(body["id_token"])
        assert again["nonce"] == "n-1"
        assert "c_hash" not in again
        if "id_token" in words:
            first = app.id_token(got["id_token"])
            assert (first["sub"], first["sid"], first["iss"]) == (again["sub"], again["sid"], again["iss"])


def test_the_words_may_stand_in_any_order(browser: Browser, app: App) -> None:
    assert set(browser.sign_on(app, response_type="token id_token code")) >= {"code", "id_token", "access_token"}


def test_form_post(browser: Browser, app: App) -> None:
    got = browser.sign_on(app, response_type="code id_token token", response_mode="form_post")
    assert set(got) >= {"code", "id_token", "access_token", "state", "iss"}


@pytest.mark.parametrize("kind", ALL[1:])
def test_never_in_a_query(browser: Browser, app: App, kind: str) -> None:
    answer = browser.authorize(app, response_type=kind, response_mode="query")
    parts = urlsplit(answer.location)
    assert parts.query == ""
    assert dict(parse_qsl(parts.fragment))["error"] == "invalid_request"


def test_the_nonce(browser: Browser, app: App) -> None:
    """OIDF module ensure-request-without-nonce-fails; code token alone needs none."""
    for kind in ALL[1:]:
        got = browser.sign_on(app, response_type=kind, nonce=None)
        assert got.get("error") == ("invalid_request" if "id_token" in kind else None)


def test_errors_go_into_the_fragment(town: Town, app: App) -> None:
    answer = town.browser().authorize(app, response_type="id_token", prompt="none")
    assert dict(parse_qsl(urlsplit(answer.location).fragment))["error"] == "login_required"


def test_pkce_holds_for_the_code(browser: Browser, app: App, town: Town) -> None:
    assert browser.sign_on(app, response_type="code id_token", code_challenge=None)["error"] == "invalid_request"
    assert (
        browser.sign_on(app, response_type="code id_token", code_challenge_method="plain")["error"] == "invalid_request"
    )
    code = browser.sign_on(app, response_type="code id_token")["code"]
    assert app.redeem(code, code_verifier="w" * 50).status_code == 400
    assert "id_token" in browser.sign_on(app, response_type="id_token", code_challenge=None, code_challenge_method=None)


def test_the_token_ends_with_the_login(browser: Browser, app: App) -> None:
    token = browser.sign_on(app, response_type="code token")["access_token"]
    assert app.userinfo(token).status_code == 200
    browser.post("/signout")
    assert app.userinfo(token).status_code == 401


def test_no_refresh_token_and_no_offline_grant_by_the_front_channel(town: Town, browser: Browser, app: App) -> None:
    got = browser.sign_on(app, response_type="id_token token", scope="openid offline_access")
    assert "refresh_token" not in got
    assert town.count(Grant, Grant.offline.is_(True)) == 0


def test_a_client_gets_only_what_it_registered(town: Town, browser: Browser) -> None:
    plain = town.register()
    for kind in ALL[1:]:
        assert browser.sign_on(plain, response_type=kind)["error"] == "unauthorized_client"
    implicit = town.register(response_types=["id_token"], grant_types=["implicit"])
    assert "id_token" in browser.sign_on(implicit, response_type="id_token")
    assert callback(browser.authorize(implicit))["error"] == "unauthorized_client"
    assert browser.sign_on(implicit, response_type="id_token token")["error"] == "unauthorized_client"


def test_tokens_alone_are_nobodys(browser: Browser, app: App) -> None:
    for kind in ("token", "none", "code code", "id_token foo"):
        assert callback(browser.authorize(app, response_type=kind))["error"] == "unsupported_response_type"


def test_registration_rules(town: Town) -> None:
    for wrong in (
        {"response_types": ["code id_token"], "grant_types": ["authorization_code"]},
        {"response_types": ["code"], "grant_types": ["authorization_code", "implicit"]},
        {"response_types": ["token"], "grant_types": ["implicit"]},
        {"response_types": ["code id_token"], "grant_types": ["authorization_code", "implicit"],
         "id_token_signed_response_alg": "ML-DSA-44"},
    ):  # fmt: skip
        with pytest.raises(MetadataError):
            town.register(**wrong)


def test_a_sender_constrained_client_gets_no_token_this_way(town: Town, browser: Browser) -> None:
    app = town.register(
        response_types=["code token", "code id_token"],
        grant_types=["authorization_code", "implicit"],
        dpop_bound_access_tokens=True,
    )
    assert browser.sign_on(app, response_type="code token")["error"] == "unauthorized_client"
    assert "id_token" in browser.sign_on(app, response_type="code id_token")


def test_discovery(town: Town) -> None:
    body = town.app.test_client().get("/.well-known/openid-configuration").json
    assert body["response_types_supported"] == ALL
    assert "implicit" in body["grant_types_supported"]


def test_off_by_default(sqlite_url: str) -> None:
    with Town(sqlite_url) as town:
        body = town.app.test_client().get("/.well-known/openid-configuration").json
        assert body["response_types_supported"] == ["code"]
        assert "implicit" not in body["grant_types_supported"]
        for kind in ALL[1:]:
            with pytest.raises(MetadataError):
                town.register(response_types=["code", kind], grant_types=["authorization_code", "implicit"])
        # A registration from before the switch was turned off opens nothing.
        browser, app = town.signed_in(), town.register()
        row = town.op.clients.get(app.client_id)
        assert row is not None
        row.metadata["response_types"] = ALL
        for kind in ALL[1:]:
            assert callback(browser.authorize(app, response_type=kind))["error"] == "unsupported_response_type"
