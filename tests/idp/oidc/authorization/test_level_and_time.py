"""`acr` and `auth_time` are claimed together: the level of a login is what was done since the time it claims.

In all of it: a passkey five hours ago, an activation code now, in one login.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from idp.foundation import clock
from idp.foundation.clock import epoch_ms
from idp.logins.levels import Factor
from idp.oidc.grants.model import Grant
from tests.idp.oidc.authorization.test_step_up import essential, give_passkey
from tests.idp.oidc.decoupled.test_device_flow import answer_on_phone, poll, start, terminal
from tests.support.apps import App
from tests.support.browser import Browser, callback
from tests.support.town import Town

AAL1, AAL2 = "urn:machi:acr:ial3-aal1", "urn:machi:acr:ial3-aal2"
BEFORE = timedelta(hours=5)
PASSKEY_AMR, CODE_AMR = ["hwk", "mfa", "pop", "user"], ["otp"]


@pytest.fixture
def lasting(database_url: str) -> Iterator[Town]:
    """A town whose logins last a day without use."""
    with Town(database_url, session_idle_seconds=86400, session_absolute_seconds=86400, hybrid_flows=True) as town:
        yield town


@pytest.fixture
def mixed(lasting: Town) -> Browser:
    resident, browser = lasting.resident(), lasting.browser()
    give_passkey(lasting, resident)
    with clock.travelled(-BEFORE):
        browser.sign_in(resident, Factor("passkey", epoch_ms()))
    browser.sign_in(resident, Factor("code", epoch_ms()))
    return browser


def hours_ago(claims: dict[str, Any]) -> int:
    return round((clock.epoch() - claims["auth_time"]) / 3600)


def claims_of(app: App, answer: Any) -> dict[str, Any]:
    tokens = app.redeem(callback(answer)["code"])
    assert tokens.status_code == 200, tokens.text
    claims: dict[str, Any] = app.id_token(tokens.json["id_token"])
    return claims


def consented(browser: Browser, answer: Any) -> Any:
    if answer.status_code == 303 and "/consent/" in answer.location:
        return browser.post(answer.location, {"decision": "allow"})
    return answer


def test_a_login_claims_its_strongest_proof_with_the_time_of_that_proof(lasting: Town, mixed: Browser) -> None:
    app = lasting.register()
    tokens = mixed.tokens(app)
    claims = app.id_token(tokens["id_token"])
    assert (claims["acr"], hours_ago(claims)) == (AAL2, 5)
    assert claims["amr"] == sorted([*PASSKEY_AMR, *CODE_AMR])
    again = app.id_token(app.refresh(tokens["refresh_token"]).json["id_token"])
    assert (again["acr"], again["auth_time"]) == (claims["acr"], claims["auth_time"])
    assert app.introspect(tokens["access_token"])["acr"] == AAL2
    assert app.introspect(tokens["access_token"])["auth_time"] == claims["auth_time"]


@pytest.mark.parametrize("asked", [{"max_age": "600"}, {"max_age": "600", "prompt": "consent"}], ids=str)
def test_a_fresh_time_comes_with_the_level_of_what_is_fresh(
    lasting: Town, mixed: Browser, asked: dict[str, str]
) -> None:
    app = lasting.register()
    tokens = mixed.tokens(app, **asked)
    claims = app.id_token(tokens["id_token"])
    assert (claims["acr"], hours_ago(claims), claims["amr"]) == (AAL1, 0, CODE_AMR)
    again = app.id_token(app.refresh(tokens["refresh_token"]).json["id_token"])
    assert (again["acr"], again["amr"], again["auth_time"]) == (AAL1, CODE_AMR, claims["auth_time"])
    assert app.introspect(tokens["access_token"])["acr"] == AAL1


def test_the_registered_age_counts_too(lasting: Town, mixed: Browser) -> None:
    app = lasting.register(default_max_age=600)
    claims = app.id_token(mixed.tokens(app)["id_token"])
    assert (claims["acr"], hours_ago(claims)) == (AAL1, 0)


def test_in_the_front_channel(lasting: Town, mixed: Browser) -> None:
    app = lasting.register(response_types=["code id_token"], grant_types=["authorization_code", "implicit"])
    answer = mixed.sign_on(app, response_type="code id_token", max_age="600", nonce="n")
    claims = app.id_token(answer["id_token"], nonce="n")
    assert (claims["acr"], hours_ago(claims), claims["amr"]) == (AAL1, 0, CODE_AMR)


@pytest.mark.parametrize("fresh", [{"max_age": "600"}, {"prompt": "login"}], ids=str)
def test_an_essential_level_must_be_fresh_where_a_fresh_time_is_asked_for(
    lasting: Town, mixed: Browser, fresh: dict[str, str]
) -> None:
    app = lasting.register()
    resident = lasting.resident()
    answer = mixed.authorize(app, claims=essential(AAL2), **fresh)
    for _ in range(2):  # a code once more is not enough, however often
        assert "/signin/" in answer.location
        page = mixed.get(answer.location).text
        mixed.sign_in(resident, Factor("code", epoch_ms()))
        answer = mixed.get(answer.location.replace("/signin/", "/authorize/"))
    assert "stronger proof" in page
    page = mixed.get(answer.location).text
    assert "stronger proof" in page
    mixed.sign_in(resident, Factor("passkey", epoch_ms()))
    done = consented(mixed, mixed.get(answer.location.replace("/signin/", "/authorize/")))
    claims = claims_of(app, done)
    assert (claims["acr"], hours_ago(claims)) == (AAL2, 0)


def test_without_a_page_it_is_an_error(lasting: Town, mixed: Browser) -> None:
    app = lasting.register()
    mixed.tokens(app)
    assert "code" in callback(mixed.authorize(app, prompt="none", claims=essential(AAL2)))
    answer = callback(mixed.authorize(app, prompt="none", max_age="600", claims=essential(AAL2)))
    assert answer["error"] == "unmet_authentication_requirements"


def test_prompt_login_with_a_weaker_proof_claims_that_one_only(lasting: Town, mixed: Browser) -> None:
    app = lasting.register()
    answer = mixed.authorize(app, prompt="login")
    mixed.sign_in(lasting.resident(), Factor("code", epoch_ms()))
    done = consented(mixed, mixed.get(answer.location.replace("/signin/", "/authorize/")))
    claims = claims_of(app, done)
    assert (claims["acr"], hours_ago(claims), claims["amr"]) == (AAL1, 0, CODE_AMR)


def test_a_voluntary_level_is_asked_for_once(lasting: Town, mixed: Browser) -> None:
    """Somebody who has only the code at hand goes on with what it is worth."""
    app = lasting.register()
    answer = mixed.authorize(app, acr_values=AAL2, max_age="600")
    assert "/signin/" in answer.location
    mixed.sign_in(lasting.resident(), Factor("code", epoch_ms()))
    done = consented(mixed, mixed.get(answer.location.replace("/signin/", "/authorize/")))
    assert claims_of(app, done)["acr"] == AAL1
    answer = mixed.authorize(app, acr_values="urn:machi:acr:ial3-aal3")
    assert "code" in callback(answer), "no factor of theirs reaches it"


def test_a_step_up_challenge_is_not_met_by_two_halves(database_url: str) -> None:
    """Level from the passkey, age from the code (RFC 9470): neither token has both."""
    with Town(database_url, session_idle_seconds=86400, userinfo_acr=AAL2, userinfo_max_age=600) as town:
        resident, browser, app = town.resident(), town.browser(), town.register()
        with clock.travelled(-BEFORE):
            browser.sign_in(resident, Factor("passkey", epoch_ms()))
        browser.sign_in(resident, Factor("code", epoch_ms()))
        for asked, missing in (({}, "max_age"), ({"max_age": "600"}, "acr_values")):
            answer = app.userinfo(browser.tokens(app, **asked)["access_token"])
            assert answer.status_code == 401
            challenge = answer.headers["WWW-Authenticate"]
            assert "insufficient_user_authentication" in challenge
            assert missing in challenge
        browser.sign_in(resident, Factor("passkey", epoch_ms()))
        assert app.userinfo(browser.tokens(app, max_age="600")["access_token"]).status_code == 200


def test_on_another_device(lasting: Town, mixed: Browser) -> None:
    app = terminal(lasting)
    begun = start(app)
    answer_on_phone(mixed, begun["user_code"])
    with clock.travelled(timedelta(seconds=begun["interval"])):
        claims = app.id_token(poll(app, begun).json["id_token"], verify_iat=False)
    assert (claims["acr"], hours_ago(claims)) == (AAL2, 5)


def test_a_grant_keeps_word_of_every_proof_of_its_login(lasting: Town, mixed: Browser) -> None:
    """So that access ends with the passkey that is put on hold, whatever the grant claims of itself."""
    mixed.tokens(lasting.register(), max_age="600")
    kinds = [factor["kind"] for factor in json.loads(lasting.rows(Grant)[0].factors)]
    assert kinds == ["passkey", "code"]
