"""Introspection (RFC 7662): a client learns about its own tokens, and nothing else (authentik CVE-2024-47077)."""

from __future__ import annotations

from datetime import timedelta

from idp.foundation import clock
from tests.support.apps import App
from tests.support.browser import Browser
from tests.support.town import Town

NOT = {"active": False}


def test_its_own_tokens(any_town: Town) -> None:
    app = any_town.register()
    body = any_town.signed_in().tokens(app)
    sub = app.id_token(body["id_token"])["sub"]
    access = app.introspect(body["access_token"])
    assert access["active"] is True
    assert (access["sub"], access["client_id"], access["token_type"]) == (sub, app.client_id, "Bearer")
    assert access["exp"] > clock.epoch()
    refresh = app.introspect(body["refresh_token"])
    assert (refresh["active"], refresh["sub"], refresh["scope"]) == (True, sub, "openid profile")
    second = app.refresh(body["refresh_token"]).json
    assert app.introspect(body["refresh_token"]) == NOT
    assert app.introspect(second["refresh_token"])["active"] is True


def test_another_clients_tokens_are_unknown(any_town: Town) -> None:
    """authentik CVE-2024-47077."""
    app, other = any_town.register(), any_town.register()
    body = any_town.signed_in().tokens(app)
    for token in (body["access_token"], body["refresh_token"], body["id_token"]):
        assert other.introspect(token) == NOT


def test_tokens_that_are_over_are_unknown(town: Town, browser: Browser, app: App) -> None:
    body = browser.tokens(app)
    with clock.travelled(timedelta(minutes=11)):
        assert app.introspect(body["access_token"]) == NOT
    with clock.travelled(timedelta(days=15)):
        assert app.introspect(body["refresh_token"]) == NOT
    browser.post("/signout")
    assert app.introspect(body["access_token"]) == NOT
    assert app.introspect(body["refresh_token"]) == NOT


def test_its_own_machine_token(town: Town) -> None:
    app = town.register(grant_types=["client_credentials"], scope="case:write")
    token = app.post("/token", {"grant_type": "client_credentials"}).json["access_token"]
    found = app.introspect(token)
    assert (found["active"], found["aud"]) == (True, [f"{town.issuer}/api/v1"])
    assert app.revoke(token).status_code == 200
    assert app.introspect(token) == NOT


def test_nonsense_is_unknown(shared_app: App) -> None:
    for token in ("x", "a.b.c", "\u3042", "x" * 3900):
        assert shared_app.introspect(token) == NOT


def test_who_asks_must_say_who_they_are(shared_town: Town, shared_app: App) -> None:
    answer = shared_app.post("/introspect", {"token": "x"}, auth=(shared_app.client_id, "wrong"))
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")
    public = shared_town.register(token_endpoint_auth_method="none")
    assert public.post("/introspect", {"token": "x"}).status_code == 401


def test_a_token_is_needed_and_get_is_not_enough(shared_app: App) -> None:
    assert shared_app.post("/introspect", {}).json["error"] == "invalid_request"
    assert shared_app.town.app.test_client().get("/introspect").status_code == 405
