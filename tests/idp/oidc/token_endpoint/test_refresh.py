"""Refresh tokens: rotated at each use; a lost answer is forgiven, a theft ends the family (RFC 9700 §4.14)."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import update

from idp.foundation import clock
from idp.oidc.grants.model import Grant
from tests.support.apps import App
from tests.support.browser import Browser
from tests.support.town import Town


def minutes(n: float) -> timedelta:
    return timedelta(minutes=n)


def test_each_use_gives_a_successor(any_town: Town) -> None:
    app = any_town.register()
    first = any_town.signed_in().tokens(app)
    answer = app.refresh(first["refresh_token"])
    second = answer.json
    assert answer.headers["Cache-Control"] == "no-store"
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    assert app.userinfo(second["access_token"]).json["name"] == "見本 花子"
    assert app.refresh(second["refresh_token"]).status_code == 200


def test_the_id_token_says_the_same_of_the_login(any_town: Town) -> None:
    """OIDC Core §12.2: same iss, sub, aud, auth_time; the nonce may stand, but must then be the same."""
    app = any_town.register()
    with clock.travelled(minutes(-20)):
        first = any_town.signed_in().tokens(app)
    second = app.refresh(first["refresh_token"]).json
    before, after = (app.id_token(b["id_token"], verify_exp=False) for b in (first, second))
    for name in ("iss", "sub", "aud", "auth_time", "acr", "amr", "sid", "nonce"):
        assert after[name] == before[name]
    assert after["iat"] > before["iat"]


def test_a_repeat_within_the_grace_gets_the_same_successor(any_town: Town) -> None:
    app = any_town.register()
    first = any_town.signed_in().tokens(app)
    successor = app.refresh(first["refresh_token"]).json["refresh_token"]
    for _ in range(2):
        again = app.refresh(first["refresh_token"])
        assert again.status_code == 200
        assert again.json["refresh_token"] == successor
    assert app.refresh(successor).status_code == 200


def test_a_reuse_after_the_grace_ends_the_family(any_town: Town) -> None:
    app = any_town.register()
    browser = any_town.signed_in()
    first, other = browser.tokens(app), browser.tokens(app)
    second = app.refresh(first["refresh_token"]).json
    third = app.refresh(second["refresh_token"]).json
    with clock.travelled(timedelta(seconds=21)):
        stolen = app.refresh(first["refresh_token"])
        assert (stolen.status_code, stolen.json["error"]) == (400, "invalid_grant")
        assert app.refresh(third["refresh_token"]).json["error"] == "invalid_grant"
        assert app.userinfo(second["access_token"]).status_code == 401
        assert [e.client_id for e in any_town.events("refresh_token_reused")] == [app.client_id]
        assert app.refresh(other["refresh_token"]).status_code == 200  # another sign-on, another family


def test_a_repeat_after_the_successor_was_used_is_a_reuse(any_town: Town) -> None:
    app = any_town.register()
    first = any_town.signed_in().tokens(app)
    second = app.refresh(first["refresh_token"]).json
    third = app.refresh(second["refresh_token"]).json
    assert app.refresh(first["refresh_token"]).json["error"] == "invalid_grant"
    assert app.refresh(third["refresh_token"]).json["error"] == "invalid_grant"


def test_a_reuse_is_seen_after_a_restart(sqlite_url: str) -> None:
    """Keycloak CVE-2026-9802: the spent token is remembered in the database."""
    with Town(sqlite_url) as town:
        app = town.register()
        first = town.signed_in().tokens(app)
        second = app.refresh(first["refresh_token"]).json
        third = app.refresh(second["refresh_token"]).json
    with Town(sqlite_url) as town, clock.travelled(timedelta(seconds=30)):
        again = App(town, app.client_id, app.secret, app.metadata)
        assert again.refresh(first["refresh_token"]).json["error"] == "invalid_grant"
        assert again.refresh(third["refresh_token"]).json["error"] == "invalid_grant"
        assert len(town.events("refresh_token_reused")) == 1


def test_another_client_cannot_use_or_spoil_a_token(any_town: Town) -> None:
    app, thief = any_town.register(), any_town.register()
    first = any_town.signed_in().tokens(app)
    assert thief.refresh(first["refresh_token"]).json["error"] == "invalid_grant"
    second = app.refresh(first["refresh_token"])
    assert second.status_code == 200
    with clock.travelled(minutes(5)):
        # A spent one in a stranger's hands does not end the owner's family either: that would be a weapon.
        assert thief.refresh(first["refresh_token"]).json["error"] == "invalid_grant"
        assert app.refresh(second.json["refresh_token"]).status_code == 200


def test_a_failed_client_authentication_consumes_nothing(town: Town, browser: Browser, app: App) -> None:
    token = browser.tokens(app)["refresh_token"]
    wrong = app.post("/token", {"grant_type": "refresh_token", "refresh_token": token}, auth=(app.client_id, "wrong"))
    assert wrong.status_code == 401
    assert app.refresh(token).status_code == 200


def test_many_at_once_get_one_successor(any_town: Town) -> None:
    app = any_town.register()
    token = any_town.signed_in().tokens(app)["refresh_token"]
    start, answers = threading.Barrier(4), []

    def use() -> None:
        start.wait()
        answers.append(app.refresh(token))

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [a.status_code for a in answers] == [200] * 4
    assert len({a.json["refresh_token"] for a in answers}) == 1


def test_the_scope_can_only_shrink(town: Town, browser: Browser, app: App) -> None:
    first = browser.tokens(app, scope="openid profile address")
    small = app.refresh(first["refresh_token"], scope="openid").json
    assert small["scope"] == "openid"
    assert set(app.userinfo(small["access_token"]).json) == {"sub"}
    # Refused before anything is consumed, and the grant itself is as wide as before (RFC 6749 §6).
    larger = app.refresh(small["refresh_token"], scope="openid email")
    assert (larger.status_code, larger.json["error"]) == (400, "invalid_scope")
    whole = app.refresh(small["refresh_token"]).json
    assert set(whole["scope"].split()) == {"openid", "profile", "address"}


def test_without_openid_there_is_no_id_token(town: Town, browser: Browser, app: App) -> None:
    first = browser.tokens(app)
    assert "id_token" not in app.refresh(first["refresh_token"], scope="profile").json


def test_the_idle_end(town: Town, browser: Browser, app: App) -> None:
    first = browser.tokens(app, scope="openid profile offline_access")
    with clock.travelled(timedelta(days=13)):
        second = app.refresh(first["refresh_token"]).json
    with clock.travelled(timedelta(days=26)):
        third = app.refresh(second["refresh_token"]).json
    with clock.travelled(timedelta(days=41)):
        assert app.refresh(third["refresh_token"]).json["error"] == "invalid_grant"


def test_the_absolute_end(sqlite_url: str) -> None:
    with Town(sqlite_url, refresh_absolute_seconds=20 * 86400) as town:
        app = town.register()
        token = town.signed_in().tokens(app, scope="openid offline_access")["refresh_token"]
        with clock.travelled(timedelta(days=10)):
            token = app.refresh(token).json["refresh_token"]
        with clock.travelled(timedelta(days=21)):
            assert app.refresh(token).json["error"] == "invalid_grant"


def test_the_end_of_the_login_ends_its_grants_but_not_offline_ones(any_town: Town) -> None:
    """authentik CVE-2025-29928: a session that was deleted and still worked."""
    browser, app = any_town.signed_in(), any_town.register()
    online = browser.tokens(app)
    offline = browser.tokens(app, scope="openid profile offline_access")
    browser.post("/signout")
    assert app.refresh(online["refresh_token"]).json["error"] == "invalid_grant"
    assert app.userinfo(online["access_token"]).status_code == 401
    assert app.userinfo(offline["access_token"]).status_code == 200
    assert app.refresh(offline["refresh_token"]).status_code == 200


@pytest.mark.parametrize("token", ["unknown", "x" * 43, "\u3042", "' OR 1=1 --"])
def test_a_token_that_is_none(shared_app: App, token: str) -> None:
    assert shared_app.refresh(token).json["error"] == "invalid_grant"


def test_a_token_is_needed(shared_app: App) -> None:
    assert shared_app.post("/token", {"grant_type": "refresh_token"}).json["error"] == "invalid_request"


def test_an_access_token_is_not_a_refresh_token(town: Town, browser: Browser, app: App) -> None:
    assert app.refresh(browser.tokens(app)["access_token"]).json["error"] == "invalid_grant"


def test_a_client_without_the_grant_gets_none(town: Town, browser: Browser) -> None:
    app = town.register(grant_types=["authorization_code"])
    assert "refresh_token" not in browser.tokens(app)
    assert app.refresh("x").json["error"] == "unauthorized_client"


def test_what_ends_a_grant_ends_its_tokens(town: Town, browser: Browser, app: App) -> None:
    body = browser.tokens(app)
    town.change(update(Grant).values(revoked_at=clock.now()))
    assert app.refresh(body["refresh_token"]).json["error"] == "invalid_grant"
    assert not town.events("refresh_token_reused")


def test_a_step_up_does_not_change_an_old_grant(town: Town, app: App) -> None:
    """`acr` and `auth_time` are what they were when the code was given."""
    from idp.foundation.clock import epoch_ms
    from idp.logins.levels import Factor

    resident, browser = town.resident(), town.browser()
    with clock.travelled(minutes(-10)):
        browser.sign_in(resident, Factor("code", epoch_ms()))
        first = browser.tokens(app)
    browser.sign_in(resident, Factor("passkey", epoch_ms()))
    old = app.id_token(app.refresh(first["refresh_token"]).json["id_token"])
    new = app.id_token(browser.tokens(app)["id_token"])
    assert old["acr"] == "urn:machi:acr:ial3-aal1"
    assert new["acr"] == "urn:machi:acr:ial3-aal2"
    assert new["auth_time"] > old["auth_time"]
    assert new["sid"] == old["sid"]
