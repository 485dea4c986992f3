"""Third-party initiated login (OIDC Core §4) must not become an open redirect."""

from __future__ import annotations

import pytest
import requests

from clients.kit import own_path
from tests.clients.kit.conftest import App
from tests.clients.tiny_provider import TinyProvider

FOREIGN = [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "http://localhost:1/",
    "http://{own}@evil.example/",
    "http://{own}.evil.example/",
    "http://{own}//evil.example",
    "/\t/evil.example",
    "mine",
]


@pytest.mark.parametrize("target", FOREIGN)
def test_a_foreign_target_is_refused_before_anybody_signs_in(app: App, provider: TinyProvider, target: str) -> None:
    target = target.replace("{own}", app.url.removeprefix("http://"))
    answer = requests.get(app.url + "/start", params={"target_link_uri": target}, allow_redirects=False)
    assert answer.status_code == 400
    assert "Location" not in answer.headers


@pytest.mark.parametrize("target", FOREIGN)
def test_a_foreign_return_address_falls_back_to_the_front_page(app: App, target: str) -> None:
    target = target.replace("{own}", app.url.removeprefix("http://"))
    answer = requests.Session().get(app.url + "/auth/login", params={"return_to": target})
    assert answer.url == app.url + "/"


def test_an_own_target_is_where_the_resident_arrives(app: App, provider: TinyProvider) -> None:
    parameters = {"iss": provider.issuer, "target_link_uri": app.url + "/mine?from=mypage", "login_hint": "x"}
    answer = requests.Session().get(app.url + "/start", params=parameters)
    assert answer.url == app.url + "/mine?from=mypage"
    assert provider.requests[0]["login_hint"] == "x"


def test_it_may_also_be_posted(app: App) -> None:
    answer = requests.Session().post(app.url + "/start", data={"target_link_uri": app.url + "/mine"})
    assert answer.url == app.url + "/mine"


def test_another_issuer_cannot_start_a_sign_in(app: App, provider: TinyProvider) -> None:
    answer = requests.get(app.url + "/start", params={"iss": "https://other.example"}, allow_redirects=False)
    assert answer.status_code == 400
    assert provider.requests == []


def test_own_path_keeps_path_and_query() -> None:
    assert own_path("https://a.example/x?y=1#z", "https://a.example") == "/x?y=1"
    assert own_path("https://a.example", "https://a.example") == "/"
    assert own_path("/x", "https://a.example") == "/x"
    assert own_path("http://a.example/x", "https://a.example") is None
    assert own_path(None, "https://a.example") is None


def test_own_path_of_an_app_below_a_path() -> None:
    base = "https://a.example/app"
    assert own_path("https://a.example/app/x?y=1", base) == "/app/x?y=1"
    assert own_path("/app", base) == "/app"
    for elsewhere in ("/", "/x", "/apple", "https://a.example/other", "https://a.example"):
        assert own_path(elsewhere, base) is None
