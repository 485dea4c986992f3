"""`prompt`, `max_age`, `acr`, `id_token_hint`: what must be true of the login before a code is given."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from idp.foundation import clock
from idp.foundation.clock import epoch_ms
from idp.logins.levels import Factor
from tests.support.apps import App
from tests.support.browser import Browser, callback
from tests.support.town import Town


def sign_in_again(browser: Browser, resident_id: str, location: str) -> object:
    """What the sign-in page does, then on to where it leads."""
    assert location.startswith("/signin/")
    browser.sign_in(resident_id)
    onward = browser.get(location)
    assert onward.status_code == 303
    return callback(browser.get(onward.location))


def test_single_sign_on_needs_no_page(town: Town, browser: Browser, app: App) -> None:
    browser.sign_on(app)
    assert callback(browser.authorize(app))["code"]
    assert callback(browser.authorize(app, prompt="none"))["code"]


def test_prompt_none_tells_what_is_missing(town: Town, browser: Browser, app: App) -> None:
    assert callback(browser.authorize(app, prompt="none"))["error"] == "consent_required"
    assert callback(town.browser().authorize(app, prompt="none"))["error"] == "login_required"


def test_an_app_without_consent_needs_no_page_at_all(town: Town, browser: Browser) -> None:
    from idp.oidc.registration.register_client import CityOptions

    app = town.register(CityOptions(skip_consent=True))
    assert callback(browser.authorize(app, prompt="none"))["code"]


@pytest.mark.parametrize("prompt", ["login", "select_account", "create", "login consent"])
def test_prompt_login_asks_again_once(town: Town, app: App, prompt: str) -> None:
    resident = town.resident()
    browser = town.browser()
    with clock.travelled(timedelta(minutes=-5)):
        browser.sign_in(resident)
        browser.sign_on(app)
    first = browser.authorize(app, prompt=prompt)
    browser.sign_in(resident)
    onward = browser.get(first.location)
    answer = browser.get(onward.location)
    if "consent" in prompt:
        answer = browser.post(answer.location, {"decision": "allow"})
    code = callback(answer)["code"]
    auth_time = app.id_token(app.redeem(code).json["id_token"])["auth_time"]
    assert abs(auth_time - clock.epoch()) < 60


def test_prompt_login_is_not_satisfied_by_the_old_login(town: Town, browser: Browser, app: App) -> None:
    browser.sign_on(app)
    first = browser.authorize(app, prompt="login")
    attempt_id = first.location.rsplit("/", 1)[1]
    # Going on by hand, without signing in, leads back to the sign-in page (Keycloak CVE-2026-7571, authentik CVE-2026-54730).
    assert browser.get(f"/authorize/{attempt_id}").location == first.location
    assert browser.get(first.location).status_code == 200
    posted = browser.post(f"/consent/{attempt_id}", {"decision": "allow"})
    assert posted.location == first.location


def test_max_age(town: Town, app: App) -> None:
    resident = town.resident()
    browser = town.browser()
    with clock.travelled(timedelta(minutes=-5)):
        browser.sign_in(resident)
        browser.sign_on(app)
    assert callback(browser.authorize(app, max_age="600"))["code"]
    assert callback(browser.authorize(app, max_age="200", prompt="none"))["error"] == "login_required"
    assert callback(browser.authorize(app, max_age="0", prompt="none"))["error"] == "login_required"
    again = browser.authorize(app, max_age="200")
    assert sign_in_again(browser, resident, again.location)["code"]  # type: ignore[index]


def test_default_max_age_of_the_registration(town: Town) -> None:
    app = town.register(default_max_age=60)
    resident, browser = town.resident(), town.browser()
    with clock.travelled(timedelta(minutes=-5)):
        browser.sign_in(resident)
    assert callback(browser.authorize(app, prompt="none"))["error"] == "login_required"
    assert callback(browser.authorize(app, prompt="none", max_age="600"))["error"] == "consent_required"


def test_auth_time_is_the_login_not_the_code(town: Town, app: App) -> None:
    resident, browser = town.resident(), town.browser()
    with clock.travelled(timedelta(minutes=-30)):
        then = clock.epoch()
        browser.sign_in(resident)
        browser.get("/signin")
    with clock.travelled(timedelta(minutes=-10)):
        browser.get("/signin")
    assert abs(app.id_token(browser.tokens(app)["id_token"])["auth_time"] - then) <= 1


def essential(*values: str) -> str:
    return json.dumps({"id_token": {"acr": {"essential": True, "values": list(values)}}})


def test_an_essential_acr_is_met_or_the_request_fails(town: Town, app: App) -> None:
    """login.gov's lesson: a level that was not reached cannot be claimed."""
    browser = town.signed_in()  # counter: identity 3; synced passkey: authentication 2
    browser.sign_on(app)
    assert callback(browser.authorize(app, claims=essential("urn:machi:acr:ial3-aal2")))["code"]
    assert callback(browser.authorize(app, claims=essential("urn:machi:acr:ial3-aal3", "urn:machi:acr:ial1-aal1")))[
        "code"
    ]
    failed = callback(browser.authorize(app, claims=essential("urn:machi:acr:ial3-aal3")))
    assert failed["error"] == "unmet_authentication_requirements"
    with_value = json.dumps({"id_token": {"acr": {"essential": True, "value": "urn:machi:acr:ial1-aal3"}}})
    assert callback(browser.authorize(app, claims=with_value))["error"] == "unmet_authentication_requirements"


def test_the_acr_is_what_was_done(town: Town, app: App) -> None:
    """GSA OIG JE23-003: levels sold that were never reached."""
    browser = town.browser()
    browser.sign_in(town.resident("hanako", "activation_code_post"), Factor("code", epoch_ms()))
    claims = app.id_token(browser.tokens(app, acr_values="urn:machi:acr:ial3-aal3")["id_token"])
    assert claims["acr"] == "urn:machi:acr:ial2-aal1"
    assert claims["amr"] == ["otp"]


def test_id_token_hint_of_the_same_person(town: Town, browser: Browser, app: App) -> None:
    hint = browser.tokens(app)["id_token"]
    assert callback(browser.authorize(app, prompt="none", id_token_hint=hint))["code"]
    sub = app.id_token(hint)["sub"]
    wanted = json.dumps({"id_token": {"sub": {"value": sub}}})
    assert callback(browser.authorize(app, claims=wanted))["code"]


def test_id_token_hint_of_another_person(town: Town, browser: Browser, app: App) -> None:
    hint = browser.tokens(app)["id_token"]
    other = town.signed_in("taro")
    other.sign_on(app)
    assert callback(other.authorize(app, prompt="none", id_token_hint=hint))["error"] == "login_required"


def test_id_token_hint_of_another_app_is_another_person(town: Town, browser: Browser, app: App) -> None:
    elsewhere = browser.tokens(town.register())["id_token"]
    browser.sign_on(app)
    assert callback(browser.authorize(app, prompt="none", id_token_hint=elsewhere))["error"] == "login_required"


def test_an_access_token_is_not_a_hint(town: Town, browser: Browser, app: App) -> None:
    token = browser.tokens(app)["access_token"]
    assert callback(browser.authorize(app, prompt="none", id_token_hint=token))["error"] == "invalid_request"


def test_an_expired_hint_still_hints(town: Town, browser: Browser, app: App) -> None:
    with clock.travelled(timedelta(minutes=-20)):
        hint = browser.tokens(app)["id_token"]
    assert callback(browser.authorize(app, prompt="none", id_token_hint=hint))["code"]


def test_ui_locales_choose_the_language(town: Town, app: App) -> None:
    browser = town.browser("en")
    page = browser.get(browser.authorize(app, ui_locales="fr ja-JP").location)
    assert '<html lang="ja"' in page.text


@pytest.mark.parametrize("state", ["suspended", "moved_out", "deceased", "closed"])
def test_a_resident_who_is_not_active_is_not_signed_in(town: Town, browser: Browser, app: App, state: str) -> None:
    """authentik CVE-2025-53942, CVE-2025-64521."""
    from sqlalchemy import update

    from idp.residents.model import Resident

    code = browser.code(app)
    tokens = app.redeem(browser.code(app)).json
    town.change(update(Resident).values(state=state))
    assert callback(browser.authorize(app, prompt="none"))["error"] == "login_required"
    assert app.redeem(code).json["error"] == "invalid_grant"
    assert app.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert app.userinfo(tokens["access_token"]).status_code == 401
    assert app.introspect(tokens["access_token"]) == {"active": False}
    assert app.introspect(tokens["refresh_token"]) == {"active": False}


@pytest.mark.parametrize("mode", ["query", "fragment", "form_post"])
def test_every_answer_names_its_issuer(town: Town, browser: Browser, app: App, mode: str) -> None:
    """Mix-up (RFC 9207 §2): with a code, with an error, and with a resident's no."""
    asked = browser.authorize(app, response_mode=mode, prompt="none")
    no = browser.post(browser.authorize(app, response_mode=mode).location, {"decision": "deny"})
    yes = browser.post(browser.authorize(app, response_mode=mode).location, {"decision": "allow"})
    for answer, member in ((asked, "error"), (no, "error"), (yes, "code")):
        told = callback(answer)
        assert told["iss"] == town.issuer
        assert member in told


@pytest.mark.parametrize("prompt", [None, "none", "login", "consent"])
def test_a_posted_request_leaves_nothing_of_itself_in_an_address(
    browser: Browser, app: App, prompt: str | None
) -> None:
    """Proxies log addresses: what an app posts about somebody stays in the attempt."""
    hint = browser.tokens(app)["id_token"]
    claims = '{"userinfo": {"name": null}}'
    form = app.request(id_token_hint=hint, login_hint="hanako@mihon.example", claims=claims, prompt=prompt)
    location = browser.client.post("/authorize", data=form).location
    assert not [word for word in (*hint.split("."), "hanako", "userinfo", "login_hint") if word in location]
