"""Revocation (RFC 7009): a client ends its own tokens; about others it learns nothing and changes nothing."""

from __future__ import annotations

import threading

from idp.oidc.tokens.model import RevokedToken
from tests.support.apps import App
from tests.support.browser import Browser
from tests.support.town import Town


def test_a_refresh_token_ends_its_family(any_town: Town) -> None:
    app, browser = any_town.register(), any_town.signed_in()
    body, other = browser.tokens(app), browser.tokens(app)
    answer = app.revoke(body["refresh_token"])
    assert (answer.status_code, answer.data, answer.headers.get("Content-Type")) == (200, b"", None)
    assert app.refresh(body["refresh_token"]).json["error"] == "invalid_grant"
    assert app.userinfo(body["access_token"]).status_code == 401
    assert app.userinfo(other["access_token"]).status_code == 200


def test_an_access_token_ends_alone(any_town: Town) -> None:
    app = any_town.register()
    body = any_town.signed_in().tokens(app)
    assert app.revoke(body["access_token"]).status_code == 200
    assert app.userinfo(body["access_token"]).status_code == 401
    assert app.introspect(body["access_token"]) == {"active": False}
    again = app.refresh(body["refresh_token"]).json
    assert app.userinfo(again["access_token"]).status_code == 200


def test_again_is_fine_and_unknown_is_fine(town: Town, browser: Browser, app: App) -> None:
    body = browser.tokens(app)
    for token in (
        body["access_token"],
        body["access_token"],
        body["refresh_token"],
        body["refresh_token"],
        "x",
        "a.b.c",
    ):
        assert app.revoke(token).status_code == 200


def test_another_clients_tokens_stay(any_town: Town) -> None:
    app, other = any_town.register(), any_town.register()
    body = any_town.signed_in().tokens(app)
    for token in (body["access_token"], body["refresh_token"]):
        assert other.revoke(token).status_code == 200  # whether it was somebody's is not told
    assert app.userinfo(body["access_token"]).status_code == 200
    assert app.refresh(body["refresh_token"]).status_code == 200
    assert any_town.count(RevokedToken) == 0


def test_a_public_client_revokes_its_own(town: Town, browser: Browser) -> None:
    app = town.register(token_endpoint_auth_method="none")
    body = browser.tokens(app)
    assert app.revoke(body["refresh_token"]).status_code == 200
    assert app.refresh(body["refresh_token"]).json["error"] == "invalid_grant"


def test_two_at_once(any_town: Town) -> None:
    app = any_town.register()
    token = any_town.signed_in().tokens(app)["access_token"]
    start, answers = threading.Barrier(4), []

    def end() -> None:
        start.wait()
        answers.append(app.revoke(token).status_code)

    threads = [threading.Thread(target=end) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 4


def test_who_asks_must_say_who_they_are(shared_app: App) -> None:
    answer = shared_app.post("/revoke", {"token": "x"}, auth=(shared_app.client_id, "wrong"))
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")
    assert shared_app.post("/revoke", {}).json["error"] == "invalid_request"
    assert shared_app.town.app.test_client().get("/revoke").status_code == 405
