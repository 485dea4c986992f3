"""Refusals that programs read, over a limit or without a token: OAuth's form, English, a reason. No limit is another's to use up."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from werkzeug.test import TestResponse

from deploy.demo.city import Place
from deploy.for_tests import WIDE, environment
from idp.foundation.settings import Settings
from idp.oidc.clients.grant_types import DEVICE
from idp.oidc.registration.registration import issue_initial_access_token
from tests.support.ciba import Desk
from tests.support.town import Town

GOOD: dict[str, Any] = {"client_name": "こども窓口", "redirect_uris": ["https://kodomo.example/cb"]}
JAPANESE = {"Accept-Language": "ja", "Accept": "text/html"}


def register(town: Town, token: str | None) -> TestResponse:
    headers = JAPANESE | ({"Authorization": f"Bearer {token}"} if token else {})
    return town.app.test_client().post("/register", json=GOOD, headers=headers)


def issue(town: Town) -> str:
    with town.writing() as session:
        return issue_initial_access_token(session, "test", 100, timedelta(days=1))


def later(answer: TestResponse) -> None:
    assert answer.status_code == 429
    assert answer.content_type == "application/json"
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.json["error"] == "temporarily_unavailable"
    assert "Too many requests" in answer.json["error_description"]


def test_the_limit_of_each_endpoint_is_a_setting(sqlite_url: str) -> None:
    once = dict.fromkeys(("register_limit", "par_limit", "device_limit", "ciba_ask_limit"), "1/minute")
    with Town(sqlite_url, **once) as town:
        token = issue(town)
        assert register(town, token).status_code == 201
        later(register(town, token))

        public = town.register(token_endpoint_auth_method="none", grant_types=["authorization_code", DEVICE])
        asked = public.request()
        for path, form, good in (("/par", asked, 201), ("/device_authorization", {"scope": "openid"}, 200)):
            assert public.post(path, form, headers=JAPANESE).status_code == good
            later(public.post(path, form, headers=JAPANESE))

        desk = Desk(town)
        hint = desk.know(town.resident())
        assert desk.ask(login_hint=hint).status_code == 200
        later(desk.ask(login_hint=hint))


def test_the_limit_of_hints_is_a_setting(sqlite_url: str) -> None:
    with Town(sqlite_url, ciba_limit="1/minute") as town:
        desk = Desk(town)
        assert desk.ask(login_hint="nobody").status_code == 400
        later(desk.ask(login_hint="nobody"))


def test_who_holds_no_token_uses_up_nobodys_registrations(sqlite_url: str) -> None:
    with Town(sqlite_url, register_limit="2/minute") as town:
        first, second = issue(town), issue(town)
        answers = [register(town, sent).status_code for sent in (None, "wrong", None, "wrong")]
        assert answers == [401, 401, 429, 429]
        assert [register(town, first).status_code for _ in range(3)] == [201, 201, 429]
        assert register(town, second).status_code == 201  # nor does one department another's


def test_a_registration_without_a_token_is_told_why(shared_town: Town) -> None:
    answer = register(shared_town, None)
    assert (answer.status_code, answer.content_type) == (401, "application/json")
    assert answer.json["error"] == "invalid_token"
    assert answer.json["error_description"].startswith("An access token is needed.")


def test_suites_meet_no_limit(tmp_path: Path) -> None:
    chosen = environment(Place(8000, tmp_path), "http://localhost:8000")
    limits = [name.upper() for name in Settings.model_fields if name.endswith("_limit")]
    assert "ATTEMPT_LIMIT" in limits
    for name in limits:
        assert chosen[f"MACHI_{name}"] == WIDE
