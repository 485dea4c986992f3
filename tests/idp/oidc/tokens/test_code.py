"""The authorization code: one use, 60 seconds, bound to client and redirect URI (RFC 6749 §4.1, RFC 9700)."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from idp.foundation import clock
from tests.support.apps import App
from tests.support.browser import Browser
from tests.support.town import Town


def test_the_happy_path_on_each_database(any_town: Town) -> None:
    browser, app = any_town.signed_in(), any_town.register()
    answer = app.redeem(browser.code(app, scope="openid profile address"))
    body = answer.json
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.mimetype == "application/json"
    assert set(body) == {"access_token", "token_type", "expires_in", "scope", "refresh_token", "id_token"}
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 600, "openid profile address")
    claims = app.id_token(body["id_token"])
    assert claims["nonce"] == "n-1"
    assert claims["acr"] == "urn:machi:acr:ial3-aal2"
    assert claims["exp"] - claims["iat"] == 600
    info = app.userinfo(body["access_token"]).json
    assert info["sub"] == claims["sub"]
    assert info["name"] == "見本 花子"
    assert info["address"]["formatted"] == "見本県みほん市中央一丁目2番3号"


def test_a_second_use_revokes_what_the_first_gave(any_town: Town) -> None:
    """RFC 6749 §4.1.2; OIDF module codereuse-30seconds."""
    browser, app = any_town.signed_in(), any_town.register()
    other = browser.tokens(any_town.register())
    code = browser.code(app)
    first = app.redeem(code).json
    again = app.redeem(code)
    assert (again.status_code, again.json["error"]) == (400, "invalid_grant")
    assert app.userinfo(first["access_token"]).status_code == 401
    assert app.refresh(first["refresh_token"]).json["error"] == "invalid_grant"
    assert app.introspect(first["access_token"]) == {"active": False}
    assert [e.client_id for e in any_town.events("code_reused")] == [app.client_id]
    assert other["access_token"]  # what other sign-ons gave stands
    assert app.userinfo(browser.tokens(app)["access_token"]).status_code == 200


def test_a_second_use_is_seen_after_the_code_has_expired_too(town: Town, browser: Browser, app: App) -> None:
    code = browser.code(app)
    first = app.redeem(code).json
    with clock.travelled(timedelta(seconds=90)):
        assert app.redeem(code).json["error"] == "invalid_grant"
        assert app.userinfo(first["access_token"]).status_code == 401


def test_a_stranger_cannot_revoke_by_replaying(town: Town, browser: Browser, app: App) -> None:
    code = browser.code(app)
    first = app.redeem(code).json
    stranger = town.register()
    assert stranger.redeem(code, redirect_uri=app.redirect_uri).json["error"] == "invalid_grant"
    assert app.userinfo(first["access_token"]).status_code == 200


def test_a_code_lives_sixty_seconds(town: Town, browser: Browser, app: App) -> None:
    code, late = browser.code(app), browser.code(app)
    with clock.travelled(timedelta(seconds=55)):
        assert app.redeem(code).status_code == 200
    with clock.travelled(timedelta(seconds=61)):
        assert app.redeem(late).json["error"] == "invalid_grant"


def test_a_code_is_for_its_own_client(any_town: Town) -> None:
    browser, app, thief = any_town.signed_in(), any_town.register(), any_town.register()
    code = browser.code(app)
    stolen = thief.redeem(code, redirect_uri=app.redirect_uri)
    assert (stolen.status_code, stolen.json["error"]) == (400, "invalid_grant")
    assert app.redeem(code).status_code == 200  # the attempt took nothing away


@pytest.mark.parametrize("uri", ["https://evil.example/", None, "https://shared.example/callback/"])
def test_the_redirect_uri_must_be_the_one_of_the_request(
    shared_browser: Browser, shared_app: App, uri: str | None
) -> None:
    code = shared_browser.code(shared_app)
    assert shared_app.redeem(code, redirect_uri=uri).json["error"] == "invalid_grant"
    assert shared_app.redeem(code).status_code == 200


def test_the_redirect_uri_may_be_missing_if_it_was_before(any_town: Town) -> None:
    browser, app = any_town.signed_in(), any_town.register()
    assert app.redeem(browser.code(app, redirect_uri=None), redirect_uri=None).status_code == 200
    assert app.redeem(browser.code(app, redirect_uri=None)).status_code == 200
    code = browser.code(app, redirect_uri=None)
    assert app.redeem(code, redirect_uri="https://evil.example/").json["error"] == "invalid_grant"


@pytest.mark.parametrize("code", ["unknown", "x" * 43, "\u3042", "a b", "' OR 1=1 --"])
def test_a_code_that_is_none(shared_app: App, code: str) -> None:
    assert shared_app.redeem(code).json["error"] == "invalid_grant"


def test_a_code_is_needed(shared_app: App) -> None:
    assert shared_app.post("/token", {"grant_type": "authorization_code"}).json["error"] == "invalid_request"


def test_two_uses_at_once_give_tokens_once(any_town: Town) -> None:
    browser, app = any_town.signed_in(), any_town.register()
    code = browser.code(app)
    start, answers = threading.Barrier(4), []

    def use() -> None:
        start.wait()
        answers.append(app.redeem(code).status_code)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 400, 400, 400]


def test_a_login_that_ended_takes_its_codes_with_it(any_town: Town) -> None:
    browser, app = any_town.signed_in(), any_town.register()
    code = browser.code(app)
    browser.post("/signout")
    assert app.redeem(code).json["error"] == "invalid_grant"


def test_neither_codes_nor_tokens_are_stored_or_logged(
    town: Town, browser: Browser, app: App, caplog: pytest.LogCaptureFixture
) -> None:
    """django-oauth-toolkit #1716: tokens stored as they are."""
    caplog.set_level("DEBUG")
    code = browser.code(app)
    body = app.redeem(code).json
    app.redeem(code)
    app.refresh(body["refresh_token"])
    database = town.parts.database.url.database or ""
    stored = b"".join(Path(database + suffix).read_bytes() for suffix in ("", "-wal"))
    for secret in (code, body["refresh_token"], body["access_token"], app.secret, browser.cookie("machi_session")):
        assert str(secret) not in caplog.text
        assert str(secret).encode() not in stored
    for value in ("見本", "花子", "1989-04-12", "0000010011"):
        assert value not in caplog.text
        assert value.encode() not in stored
