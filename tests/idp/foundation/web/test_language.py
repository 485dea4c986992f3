"""Language: the person's choice, then the app's wish, then the browser's, then Japanese; and no way out through `next`."""

from __future__ import annotations

import pytest

from idp.foundation.web.paths import local_path
from tests.support.apps import App
from tests.support.town import Town

OUTSIDE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "////evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "/\t/evil.example/",
    "/\n/evil.example/",
    "\t//evil.example/",
    " //evil.example/",
    "javascript:alert(1)",
    "evil.example",
    "http:evil.example",
    "https:///evil.example",
    "https://[",
    "//[",
    "/\x00/evil.example",
    "@evil.example",
    "",
]


@pytest.mark.parametrize("target", OUTSIDE)
def test_never_to_another_site(shared_town: Town, target: str) -> None:
    with shared_town.app.test_request_context():
        assert local_path(target, "/home") == "/home"
    browser = shared_town.browser()
    changed = browser.post("/language", {"lang": "en", "next": target})
    assert changed.status_code == 303
    assert changed.location.startswith("/")
    assert not changed.location.startswith(("//", "/\\"))
    signed_in = shared_town.signed_in()
    onward = signed_in.get("/signin", query_string={"next": target})
    assert onward.status_code == 303
    assert onward.location.startswith("/")
    assert not onward.location.startswith(("//", "/\\"))


@pytest.mark.parametrize("target", ["/my/", "/my/?a=b&c=//d", "/authorize/x?y=https://z.example", "/"])
def test_to_our_own_pages(shared_town: Town, target: str) -> None:
    with shared_town.app.test_request_context():
        assert local_path(target, "/home") == target
    assert shared_town.browser().post("/language", {"lang": "en", "next": target}).location == target


@pytest.mark.parametrize(
    ("header", "lang"),
    [("", "ja"), ("ja", "ja"), ("en-GB,en;q=0.9", "en"), ("fr,de", "ja"), ("fr,en;q=0.5", "en"), ("en;q=0,ja", "ja"),
     ("*", "ja"), ("x" * 5000, "ja"), (";;;,,,", "ja")],
)  # fmt: skip
def test_the_browsers_wish(shared_town: Town, header: str, lang: str) -> None:
    browser = shared_town.browser(header)
    page = browser.get(browser.get("/signin").location)
    assert f'<html lang="{lang}"' in page.text


def test_the_choice_stands_over_every_wish(shared_town: Town, shared_app: App) -> None:
    browser = shared_town.browser("en")
    browser.post("/language", {"lang": "ja"})
    page = browser.get(browser.authorize(shared_app, ui_locales="en").location)
    assert '<html lang="ja"' in page.text


@pytest.mark.parametrize("lang", ["fr", "", "JA", "../../etc", "ja\n"])
def test_a_language_that_is_none(shared_town: Town, lang: str) -> None:
    assert shared_town.browser().post("/language", {"lang": lang}).status_code == 400


def test_a_language_cookie_that_is_none(shared_town: Town) -> None:
    browser = shared_town.browser("en")
    browser.set_cookie("machi_lang", "xx")
    assert '<html lang="en"' in browser.get(browser.get("/signin").location).text
