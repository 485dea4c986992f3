"""The silent sign-on path is one database round trip a request where the database allows it; held here, statement by statement."""

from __future__ import annotations

import pytest

from tests.support.browser import callback
from tests.support.statements import Counter, without_transaction
from tests.support.town import Town


def silent_sign_on(town: Town, counter: Counter) -> dict[str, list[str]]:
    """What each request of a sign-on sends, with a live login, standing consent and warm caches."""
    browser, app = town.signed_in(), town.register()
    warm = browser.tokens(app)
    app.userinfo(warm["access_token"])
    browser.client.get("/authorize", query_string=app.request())
    found = {}
    answer, found["authorize"] = counter.of(lambda: browser.client.get("/authorize", query_string=app.request()))
    code = callback(answer)["code"]
    answer, found["token"] = counter.of(lambda: app.redeem(code))
    body = answer.json
    answer, found["userinfo"] = counter.of(lambda: app.userinfo(body["access_token"]))
    assert answer.json["name"] == "見本 花子"
    answer, found["refresh"] = counter.of(lambda: app.refresh(body["refresh_token"]))
    assert answer.status_code == 200
    _, found["discovery"] = counter.of(lambda: browser.get("/.well-known/openid-configuration"))
    _, found["jwks"] = counter.of(lambda: browser.get("/jwks"))
    return found


@pytest.mark.servers
def test_on_postgresql_each_request_is_one_statement(counter: Counter, postgresql_url: str) -> None:
    with Town(postgresql_url) as town:
        found = silent_sign_on(town, counter)
    assert {name: len(statements) for name, statements in found.items()} == {
        "authorize": 1,
        "token": 1,
        "userinfo": 1,
        "refresh": 1,
        "discovery": 0,
        "jwks": 0,
    }


def test_on_sqlite_each_request_is_at_most_one_transaction(counter: Counter, sqlite_url: str) -> None:
    with Town(sqlite_url) as town:
        found = silent_sign_on(town, counter)
    assert found["authorize"] == found["userinfo"] == ["SELECT"]
    assert found["discovery"] == found["jwks"] == []
    assert len(without_transaction(found["token"])) <= 2
    assert len(without_transaction(found["refresh"])) <= 3
