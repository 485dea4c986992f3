"""Cross-site request forgery: every form needs its token, and the browser's own word on where it came from."""

from __future__ import annotations

import pytest

from idp.foundation.web.callers import Caller, caller_of
from tests.support.town import Town

GOOD = {"Origin": "http://localhost:8000", "Sec-Fetch-Site": "same-origin"}


def post(town: Town, headers: dict[str, str], token: str | None = "own", cookie: bool = True, **more: object) -> int:
    browser = town.browser()
    given = browser.csrf if token == "own" else token
    if not cookie:
        browser.client.delete_cookie("machi_browser", domain="localhost")
    data = {"lang": "en"} | ({"csrf_token": given} if given is not None else {})
    return browser.client.post("/language", data=data, headers=headers).status_code


@pytest.mark.parametrize(
    "headers",
    [GOOD, {}, {"Origin": "http://localhost:8000"}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}],
    ids=str,
)
def test_our_own_form(shared_town: Town, headers: dict[str, str]) -> None:
    assert post(shared_town, headers) == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://localhost:8000.evil.example"},
        {"Origin": "http://localhost:8001"},
        {"Origin": "https://localhost:8000"},
        {"Origin": "HTTP://LOCALHOST:8000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "nonsense"},
        {"Origin": "http://localhost:8000", "Sec-Fetch-Site": "cross-site"},
    ],
    ids=str,
)
def test_a_form_of_another_site_is_refused_whatever_it_carries(shared_town: Town, headers: dict[str, str]) -> None:
    assert post(shared_town, headers) == 400


@pytest.mark.parametrize("token", [None, "", "x", "A" * 43, "\u3042", "x" * 10000])
def test_a_form_without_its_token(shared_town: Town, token: str | None) -> None:
    assert post(shared_town, GOOD, token) == 400


def test_the_token_belongs_to_the_browser(shared_town: Town) -> None:
    assert post(shared_town, GOOD, shared_town.browser().csrf) == 400
    assert post(shared_town, GOOD, cookie=False) == 400


def test_scripts_send_it_in_a_header(shared_town: Town) -> None:
    browser = shared_town.browser()
    headers = GOOD | {"X-CSRF-Token": browser.csrf}
    assert browser.client.post("/language", data={"lang": "en"}, headers=headers).status_code == 303


def test_every_route_that_a_cookie_speaks_for_is_guarded(shared_town: Town) -> None:
    """The list is the URL map, so a new route cannot be forgotten."""
    browser = shared_town.signed_in()
    seen = 0
    for rule in shared_town.app.url_map.iter_rules():
        unsafe = (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}
        if not unsafe or caller_of(shared_town.app, rule.endpoint) not in (Caller.BROWSER, Caller.RESIDENT):
            continue
        path = rule.rule
        for argument in rule.arguments:
            path = (
                path.replace(f"<{argument}>", "a" * 43)
                .replace(f"<path:{argument}>", "a")
                .replace(f"<int:{argument}>", "1")
            )
        for method in unsafe:
            answer = browser.client.open(path, method=method, headers={"Accept": "application/json"})
            assert (answer.status_code, answer.json["title"]) == (400, "csrf"), (method, path)
            seen += 1
    assert seen > 10
