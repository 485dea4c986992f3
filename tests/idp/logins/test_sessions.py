"""Login sessions: rotated at sign-in, ended when idle, when old, and when somebody says so."""

from __future__ import annotations

from datetime import timedelta

import pytest

from idp.foundation import clock
from idp.foundation.clock import epoch_ms
from idp.foundation.vault import digest
from idp.logins.devices import device_label, devices, end_device, end_other_devices
from idp.logins.levels import Factor, load_factors
from idp.logins.live_logins import still_live
from idp.logins.model import LoginSession
from idp.logins.sessions import end_sessions
from tests.support.apps import App
from tests.support.browser import Browser, callback
from tests.support.town import Town

PAGE = "/account/passkeys/new"


def is_in(browser: Browser) -> bool:
    return browser.get("/signin?next=/there").location == "/there"


def live(town: Town) -> list[LoginSession]:
    return town.rows(LoginSession, LoginSession.ended_at.is_(None))


def test_each_sign_in_has_a_new_cookie(any_town: Town) -> None:
    resident, browser = any_town.resident(), any_town.browser()
    first = browser.sign_in(resident)
    before = live(any_town)[0]
    assert before.token_digest == digest(first)
    second = browser.sign_in(resident)
    assert second != first
    after = live(any_town)[0]
    # A step-up keeps the session, so that the apps' sid stays true; the old cookie is dead.
    assert after.session_id == before.session_id
    browser.set_cookie("machi_session", first)
    assert not is_in(browser)
    browser.set_cookie("machi_session", second)
    assert is_in(browser)


def test_a_cookie_chosen_by_somebody_else_is_worth_nothing(town: Town) -> None:
    """Session fixation: the value planted before the sign-in is not the one after it."""
    browser = town.browser()
    browser.set_cookie("machi_session", "A" * 43)
    browser.sign_in(town.resident())
    planted = town.browser()
    planted.set_cookie("machi_session", "A" * 43)
    assert not is_in(planted)
    assert is_in(browser)


def test_another_person_at_the_same_browser(town: Town, app: App) -> None:
    browser = town.browser()
    browser.sign_in(town.resident("hanako"))
    body = browser.tokens(app)
    browser.sign_in(town.resident("taro"))
    assert len(live(town)) == 1
    assert app.userinfo(body["access_token"]).status_code == 401
    assert '"by":"other_resident"' in town.events("session_ended")[0].facts
    assert app.id_token(browser.tokens(app)["id_token"])["sub"] != app.id_token(body["id_token"])["sub"]


def test_the_idle_end(town: Town) -> None:
    browser = town.signed_in()
    with clock.travelled(timedelta(minutes=59)):
        assert is_in(browser)  # and is used by that
    with clock.travelled(timedelta(minutes=59 + 59)):
        assert is_in(browser)
    with clock.travelled(timedelta(minutes=59 + 59 + 61)):
        assert not is_in(browser)


def test_the_absolute_end(town: Town) -> None:
    browser = town.signed_in()
    for hour in range(12):
        with clock.travelled(timedelta(hours=hour * 0.99)):
            assert is_in(browser)
    with clock.travelled(timedelta(hours=12, seconds=1)):
        assert not is_in(browser)


def test_use_is_written_down_once_a_minute(town: Town) -> None:
    browser = town.signed_in()
    before = live(town)[0].seen_at
    for _ in range(3):
        is_in(browser)
    assert live(town)[0].seen_at == before
    with clock.travelled(timedelta(seconds=61)):
        is_in(browser)
    assert live(town)[0].seen_at > before


@pytest.mark.parametrize("value", ["", "x", "A" * 43, "\u00e9" * 43, "' OR 1=1 --"])
def test_a_cookie_that_is_none(shared_town: Town, value: str) -> None:
    client = shared_town.app.test_client(use_cookies=False)
    answer = client.get(PAGE, headers={"Cookie": f"machi_session={value}", "Accept": "text/html"})
    assert answer.status_code == 303
    assert answer.location.startswith("/signin")


def test_signing_out_here(any_town: Town) -> None:
    browser = any_town.signed_in()
    token = str(browser.cookie("machi_session"))
    answer = browser.post("/signout")
    assert 'data-testid="signed-out"' in answer.text
    assert not browser.cookie("machi_session")
    browser.set_cookie("machi_session", token)
    assert not is_in(browser)
    assert browser.post("/signout").status_code == 200  # again is fine


def test_a_step_up_keeps_what_was_done_before(town: Town, app: App) -> None:
    resident, browser = town.resident(), town.browser()
    browser.sign_in(resident, Factor("code", epoch_ms()))
    sid = app.id_token(browser.tokens(app)["id_token"])["sid"]
    browser.sign_in(resident, Factor("passkey", epoch_ms()))
    claims = app.id_token(browser.tokens(app)["id_token"])
    assert claims["sid"] == sid
    assert claims["acr"] == "urn:machi:acr:ial3-aal2"
    assert claims["amr"] == ["hwk", "mfa", "pop", "user"], "of what was done since auth_time"
    assert [f.kind for f in load_factors(live(town)[0].factors)] == ["code", "passkey"]


# devices -----------------------------------------------------------------------------------------------------------------


def test_devices_end_at_once(any_town: Town) -> None:
    """authentik CVE-2025-29928: the row is the authority."""
    resident = any_town.resident()
    here, phone, tablet = (any_town.browser() for _ in range(3))
    for browser in (here, phone, tablet):
        browser.sign_in(resident)
    app = any_town.register()
    body = phone.tokens(app)
    mine, lost = (row.session_id for row in sorted(live(any_town), key=lambda r: r.created_at)[:2])
    with any_town.app.test_request_context(), any_town.writing() as session:
        assert len(devices(session, resident)) == 3
        assert end_device(session, resident, lost)
        assert not end_device(session, resident, lost)
        assert still_live(session, any_town.parts.settings, [lost, mine]) == {mine}
    assert not is_in(phone)
    assert is_in(here)
    assert is_in(tablet)
    assert app.userinfo(body["access_token"]).status_code == 401
    assert callback(phone.authorize(app, prompt="none"))["error"] == "login_required"
    with any_town.app.test_request_context(), any_town.writing() as session:
        assert end_other_devices(session, resident, mine) == 1
    assert is_in(here)
    assert not is_in(tablet)


def test_nobody_ends_somebody_elses(town: Town) -> None:
    town.signed_in("hanako")
    theirs = live(town)[0].session_id
    other = town.resident("taro")
    with town.app.test_request_context(), town.writing() as session:
        assert not end_device(session, other, theirs)
        assert not end_device(session, other, "unknown")
        assert end_other_devices(session, other, "none") == 0
    assert live(town)


def test_ending_twice_tells_once(town: Town) -> None:
    town.signed_in()
    session_id = live(town)[0].session_id
    with town.writing() as session:
        assert end_sessions(session, [session_id, "unknown"], by="resident") == [session_id]
        assert end_sessions(session, [session_id], by="resident") == []
    assert len(town.events("session_ended")) == 1


@pytest.mark.parametrize(
    ("header", "label"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36", "Chrome · Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0", "Edge · Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604.1", "Safari · iPhone"),
        ("Mozilla/5.0 (Android 14; Mobile; rv:126.0) Gecko/126.0 Firefox/126.0", "Firefox · Android"),
        ("", "—"),
        ("<script>alert(1)</script>", "—"),
        ("curl/8", "—"),
    ],
)
def test_devices_in_words_people_know(header: str, label: str) -> None:
    assert device_label(header) == label


def test_the_sign_in_writes_the_device_down(town: Town) -> None:
    code = town.activation_code()
    browser = town.browser()
    browser.headers["User-Agent"] = "Mozilla/5.0 (Linux; Android 14) Chrome/126.0 Mobile Safari/537.36"
    attempt = browser.get("/signin").location
    browser.post(f"{attempt}/code", {"code": code, "birth_date": "1989-04-12"})
    assert live(town)[0].device == "Chrome · Android"
