"""Levels asked for (OIDC Core §5.5.1.1, RFC 9470): a further factor is asked for where it helps, and never claimed without it."""

from __future__ import annotations

import json
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from idp.credentials.model import Passkey
from idp.foundation import clock
from idp.foundation.clock import epoch_ms
from idp.foundation.ids import new_id
from idp.logins.levels import Factor
from tests.support.apps import App
from tests.support.browser import Browser, callback
from tests.support.town import Town

AAL1, AAL2, AAL3 = (f"urn:machi:acr:ial1-aal{n}" for n in (1, 2, 3))


@pytest.fixture
def weak(town: Town) -> Browser:
    """見本 花子 came in with an activation code."""
    browser = town.browser()
    browser.sign_in(town.resident(), Factor("code", epoch_ms()))
    return browser


def give_passkey(town: Town, resident_id: str, attested: bool = False, device_type: str = "multi_device") -> None:
    with town.writing() as session:
        session.add(
            Passkey(
                credential_id=new_id(), resident_id=resident_id, webauthn_id=new_id().encode(), public_key=b"k", sign_count=0,
                device_type=device_type, backed_up=device_type == "multi_device", aaguid="0" * 36, attested=attested,
                label="Test", created_at=clock.now(), last_used_at=None,
            )
        )  # fmt: skip


def essential(*values: str) -> str:
    return json.dumps({"id_token": {"acr": {"essential": True, "values": list(values)}}})


def signin_page(browser: Browser, answer: object) -> str:
    location = answer.location  # type: ignore[attr-defined]
    assert urlsplit(location).path.startswith("/signin/"), location
    return browser.get(location).text


def test_an_essential_level_that_a_passkey_reaches_is_asked_for(town: Town, weak: Browser, app: App) -> None:
    resident = town.resident()
    give_passkey(town, resident)
    answer = weak.authorize(app, claims=essential(AAL2))
    assert "stronger proof" in signin_page(weak, answer)
    attempt = urlsplit(answer.location).path.split("/")[2]
    # A second weak sign-in is not enough, and leads to the question again.
    weak.sign_in(town.resident(), Factor("code", epoch_ms()))
    again = weak.get(f"/authorize/{attempt}")
    assert "/signin/" in again.location
    assert attempt not in again.location
    weak.sign_in(town.resident(), Factor("passkey", epoch_ms()))
    done = weak.get(f"/authorize/{attempt}")
    if "/consent/" in done.location:
        done = weak.post(done.location, {"decision": "allow"})
    claims = app.id_token(app.redeem(callback(done)["code"]).json["id_token"])
    assert claims["acr"].endswith("aal2")


def test_one_that_nothing_reaches_is_an_error(town: Town, weak: Browser, app: App) -> None:
    resident = town.resident()
    assert callback(weak.authorize(app, claims=essential(AAL2)))["error"] == "unmet_authentication_requirements"
    give_passkey(town, resident)
    assert callback(weak.authorize(app, claims=essential(AAL3)))["error"] == "unmet_authentication_requirements"
    give_passkey(town, resident, attested=True, device_type="single_device")
    assert "stronger proof" in signin_page(weak, weak.authorize(app, claims=essential(AAL3)))


def test_silently_it_is_an_error(town: Town, weak: Browser, app: App) -> None:
    resident = town.resident()
    give_passkey(town, resident)
    answer = callback(weak.authorize(app, claims=essential(AAL2), prompt="none"))
    assert answer["error"] == "unmet_authentication_requirements"


def test_a_voluntary_level_is_asked_for_once_and_then_let_be(town: Town, weak: Browser, app: App) -> None:
    resident = town.resident()
    weak.sign_on(app)
    assert "code" in callback(weak.authorize(app, acr_values=AAL2))  # no passkey to ask for
    give_passkey(town, resident)
    answer = weak.authorize(app, acr_values=AAL2)
    assert "stronger proof" in signin_page(weak, answer)
    weak.sign_in(town.resident(), Factor("code", epoch_ms()))
    attempt = urlsplit(answer.location).path.split("/")[2]
    assert "code" in callback(weak.get(f"/authorize/{attempt}"))
    assert "code" in callback(weak.authorize(app, acr_values=AAL2, prompt="none"))


def test_a_level_already_there_costs_nothing(browser: Browser, app: App) -> None:
    claims = app.id_token(browser.tokens(app, acr_values=AAL2)["id_token"])
    assert claims["acr"].endswith("aal2")
    for wanted in ({"acr_values": f"{AAL3} {AAL1}"}, {"claims": json.dumps({"id_token": {"acr": {"values": [AAL1]}}})}):
        assert "code" in callback(browser.authorize(app, **wanted))


def test_a_clients_default_level(town: Town, weak: Browser) -> None:
    resident = town.resident()
    give_passkey(town, resident)
    app = town.register(default_acr_values=[AAL2])
    assert "stronger proof" in signin_page(weak, weak.authorize(app))


def test_userinfo_sends_a_weak_sign_in_back(sqlite_url: str) -> None:
    """RFC 9470 §3: the challenge says what is missing."""
    with Town(sqlite_url, userinfo_acr=AAL2, userinfo_max_age=300) as town:
        app, weak = town.register(), town.browser()
        weak.sign_in(town.resident(), Factor("code", epoch_ms()))
        answer = app.userinfo(weak.tokens(app)["access_token"])
        assert answer.status_code == 401
        challenge = answer.headers["WWW-Authenticate"]
        assert 'error="insufficient_user_authentication"' in challenge
        assert f'acr_values="{AAL2}"' in challenge
        assert "max_age" not in challenge
        weak.sign_in(town.resident(), Factor("passkey", epoch_ms()))
        body = weak.tokens(app)
        assert app.userinfo(body["access_token"]).status_code == 200
        with clock.travelled(timedelta(seconds=400)):
            old = app.userinfo(body["access_token"])
        assert 'max_age="300"' in old.headers["WWW-Authenticate"]


def test_introspection_tells_level_and_time(browser: Browser, app: App) -> None:
    body = browser.tokens(app)
    claims, found = app.id_token(body["id_token"]), app.introspect(body["access_token"])
    assert (found["acr"], found["auth_time"]) == (claims["acr"], claims["auth_time"])
