"""Consent: shows the values themselves, is remembered per app, asked again only for more."""

from __future__ import annotations

import json
import threading

import pytest
from sqlalchemy import update

from idp.foundation import clock
from idp.oidc.clients.model import Client
from idp.oidc.grants.model import Consent, SessionClient
from idp.oidc.grants.revoke import end_app_access
from idp.oidc.registration.register_client import CityOptions
from idp.oidc.server.provider import provider
from tests.support.apps import App
from tests.support.browser import Browser, callback
from tests.support.html import form_actions
from tests.support.isolation import loose_words
from tests.support.town import Town


def test_the_page_shows_who_asks_and_what_is_shared(town: Town, browser: Browser) -> None:
    app = town.register(
        **{
            "client_name": "こども窓口",
            "client_name#en": "Children's desk",
            "department#en": "Child welfare",
            "purpose#en": "To pay the child allowance",
            "policy_uri": "https://app1.example/policy",
            "grant_types": ["authorization_code", "refresh_token"],
        }
    )
    answer = browser.authorize(app, scope="openid profile address offline_access")
    page = browser.get(answer.location).text
    for text in ("Children&#39;s desk", "Child welfare", "To pay the child allowance", "見本 花子", "Apr 12, 1989", "Female",
                 "見本県みほん市中央一丁目2番3号", "https://app1.example/policy", "until you end its access"):  # fmt: skip
        assert text in page
    assert "hanako@mihon.example" not in page
    assert answer.location in form_actions(page)


def test_an_app_without_refresh_tokens_cannot_look_in_ones_absence(town: Town, browser: Browser) -> None:
    app = town.register(grant_types=["authorization_code"])
    answer = browser.authorize(app, scope="openid profile offline_access")
    page = browser.get(answer.location).text
    assert 'data-testid="consent"' in page
    assert "until you end its access" not in page
    app = town.register(grant_types=["authorization_code", "refresh_token"])
    answer = browser.authorize(app, scope="openid profile offline_access")
    assert "until you end its access" in browser.get(answer.location).text


def test_others_words_stand_by_themselves_also_in_old_rows(town: Town, browser: Browser) -> None:
    """Every word of the app is isolated, and none turns or hides what stands beside it."""
    app = town.register(client_name="目印", department="目印", purpose="目印")
    with town.parts.database.write() as session:
        row = session.get_one(Client, app.client_id)
        row.metadata_json = row.metadata_json.replace("目印", "目印\u202e\u200b")
        row.metadata_json = row.metadata_json[:-1] + ',"policy_uri":"https://[","tos_uri":"javascript:x"}'
    provider(town.app).clients.forget(app.client_id)
    page = browser.get(browser.authorize(app, scope="openid profile").location).text
    assert loose_words(page, "目印") == []
    assert page.count("目印") >= 4
    assert not {"\u202e", "\u200b"} & set(page)
    assert "https://[" not in page
    assert "javascript:" not in page


def test_markup_in_an_apps_name_is_text(town: Town, browser: Browser) -> None:
    """kanidm 1.10: a name put into a dialog as markup."""
    app = town.register(client_name="<script>alert(1)</script>")
    page = browser.get(browser.authorize(app).location).text
    assert "<script>alert" not in page


def test_allowing_gives_the_code(town: Town, browser: Browser, app: App) -> None:
    answer = browser.authorize(app)
    done = callback(browser.post(answer.location, {"decision": "allow"}))
    assert app.redeem(done["code"]).status_code == 200
    assert [e.facts for e in town.events("consent_given")] == ['{"scope":"openid profile"}']
    assert callback(browser.authorize(app, prompt="none"))["code"]


def test_denying_tells_the_app(town: Town, browser: Browser, app: App) -> None:
    answer = browser.authorize(app)
    done = callback(browser.post(answer.location, {"decision": "deny"}))
    assert (done["error"], done["state"]) == ("access_denied", "st-1")
    assert "code" not in done
    assert town.count(Consent) == 0
    assert len(town.events("consent_denied")) == 1


@pytest.mark.parametrize("decision", ["", "yes", "ALLOW", "allow deny"])
def test_anything_else_is_no_answer(town: Town, browser: Browser, app: App, decision: str) -> None:
    location = browser.authorize(app).location
    again = browser.post(location, {"decision": decision})
    assert again.location == location
    assert town.count(Consent) == 0


def test_it_needs_the_csrf_token_and_the_browser_that_asked(town: Town, browser: Browser, app: App) -> None:
    """CSRF of consent (Authlib CVE-2026-41425)."""
    location = browser.authorize(app).location
    assert browser.client.post(location, data={"decision": "allow"}).status_code == 400
    other = town.signed_in("taro")
    assert other.post(location, {"decision": "allow"}).status_code == 410
    assert other.get(location).status_code == 410
    stranger = town.browser()
    assert stranger.post(location, {"decision": "allow"}).status_code in (401, 410)
    assert town.count(Consent) == 0


def test_only_more_is_asked_for(town: Town, browser: Browser, app: App) -> None:
    browser.sign_on(app, scope="openid profile")
    assert callback(browser.authorize(app, scope="openid", prompt="none"))["code"]
    more = browser.authorize(app, scope="openid profile email")
    page = browser.get(more.location).text
    assert "Shared before" in page
    assert ">New<" in page.replace("</svg>", ">")
    browser.post(more.location, {"decision": "allow"})
    assert town.rows(Consent)[0].scope == "email openid profile"
    assert callback(browser.authorize(app, scope="openid profile email", prompt="none"))["code"]


def test_single_claims_need_consent_too(town: Town, browser: Browser, app: App) -> None:
    browser.sign_on(app, scope="openid")
    wanted = json.dumps({"userinfo": {"birthdate": None}})
    assert callback(browser.authorize(app, scope="openid", claims=wanted, prompt="none"))["error"] == "consent_required"


def test_consent_is_per_person(town: Town, browser: Browser, app: App) -> None:
    browser.sign_on(app)
    assert callback(town.signed_in("taro").authorize(app, prompt="none"))["error"] == "consent_required"


def test_ending_it_ends_everything_the_app_has(town: Town, browser: Browser, app: App) -> None:
    online = browser.tokens(app)
    offline = browser.tokens(app, scope="openid profile offline_access")
    other_app = town.register()
    other = browser.tokens(other_app)
    with town.writing() as session:
        end_app_access(session, town.rows(Consent)[0].resident_id, app.client_id)
    for body in (online, offline):
        assert app.userinfo(body["access_token"]).status_code == 401
        assert app.refresh(body["refresh_token"]).json["error"] == "invalid_grant"
    assert callback(browser.authorize(app, prompt="none"))["error"] == "consent_required"
    assert other_app.userinfo(other["access_token"]).status_code == 200


def test_ended_consent_is_not_part_of_the_next_one(town: Town, browser: Browser, app: App) -> None:
    browser.sign_on(app, scope="openid profile email")
    town.change(update(Consent).values(ended_at=clock.now()))
    browser.sign_on(app, scope="openid")
    assert town.rows(Consent)[0].scope == "openid"


def test_an_app_the_city_vouches_for_needs_none(town: Town, browser: Browser) -> None:
    app = town.register(CityOptions(skip_consent=True))
    assert callback(browser.authorize(app))["code"]
    assert town.count(Consent) == 0


def test_several_tabs_at_the_first_time(any_town: Town) -> None:
    """Participation, subject and consent are made once, and no tab meets an error."""
    app, browser = any_town.register(), any_town.signed_in()
    locations = [browser.authorize(app).location for _ in range(6)]
    cookies = {name: str(browser.cookie(name)) for name in ("machi_session", "machi_browser")}
    start, answers = threading.Barrier(6), []

    def allow(location: str) -> None:
        tab = any_town.browser()
        for name, value in cookies.items():
            tab.set_cookie(name, value)
        start.wait()
        answers.append(tab.post(location, {"decision": "allow"}).status_code)

    threads = [threading.Thread(target=allow, args=(location,)) for location in locations]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [303] * 6
    assert any_town.count(Consent) == any_town.count(SessionClient) == 1
