"""From every page of a sign-in the resident can go back to the app; also when it has expired, or its cookie is missing."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import update

from idp.foundation import clock
from idp.oidc.clients.model import Client
from idp.signin.attempts import forget_attempts
from idp.signin.model import SignInAttempt
from tests.support.apps import App
from tests.support.browser import Browser, callback
from tests.support.town import Town

BACK = re.compile(r'<a[^>]*href="([^"]+)"[^>]*data-testid="(?:way-back|error-back)"')


def way_back(page: str) -> str:
    found = BACK.search(page)
    return found.group(1) if found else ""


def began(browser: Browser, app: App) -> str:
    """The attempt's id."""
    return browser.authorize(app, state="s-1").location.rsplit("/", 1)[1]


PAGES = ["/signin/{}", "/signin/{}/code"]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("mode", ["query", "fragment"])
def test_from_a_page_to_the_app(town: Town, app: App, path: str, mode: str) -> None:
    browser = town.browser()
    attempt = browser.authorize(app, state="s-1", response_mode=mode).location.rsplit("/", 1)[1]
    to = way_back(browser.get(path.format(attempt)).text)
    answer = browser.get(to)
    assert answer.status_code == 302
    assert answer.location.startswith(app.redirect_uri)
    values = callback(answer)
    assert (values["error"], values["state"], values["iss"]) == ("access_denied", "s-1", town.issuer)


def test_every_address_of_an_attempt_shows_it_when_it_has_expired(town: Town, app: App) -> None:
    """The kind: walks the URL map, so that a page to come is held to it as well."""
    browser = town.browser()
    attempt = began(browser, app)
    rules = [r for r in town.app.url_map.iter_rules() if "attempt_id" in r.arguments and "GET" in (r.methods or ())]
    tried = 0
    with clock.travelled(timedelta(hours=3)):
        for rule in rules:
            path = rule.rule.replace("<attempt_id>", attempt)
            for name in rule.arguments - {"attempt_id"}:
                path = path.replace(f"<{name}>", "x" * 43)
            page = browser.get(path)
            if page.status_code in (302, 303):  # to the app, or to sign in first
                continue
            tried += 1
            assert page.status_code == 410, path
            answer = browser.get(way_back(page.text))
            assert callback(answer) == {"error": "access_denied", "state": "s-1", "iss": town.issuer,
                                        "error_description": "The resident went back without signing in."}  # fmt: skip
    assert tried >= 4


def test_it_is_known_for_a_week(town: Town, app: App) -> None:
    browser = town.browser()
    attempt = began(browser, app)
    with clock.travelled(timedelta(days=6)):
        with town.writing() as session:
            forget_attempts(session)
        assert way_back(browser.get(f"/signin/{attempt}").text)
    with clock.travelled(timedelta(days=8)):
        with town.writing() as session:
            forget_attempts(session)
        assert town.count(SignInAttempt) == 0
        page = browser.get(f"/signin/{attempt}")
        assert page.status_code == 410
        assert not way_back(page.text)


def test_an_expired_attempt_signs_nobody_in(town: Town, app: App) -> None:
    browser = town.browser()
    attempt = began(browser, app)
    browser.sign_in(town.resident())
    with clock.travelled(timedelta(minutes=31)):
        assert browser.get(f"/authorize/{attempt}").status_code == 410
        assert "code" not in callback(browser.get(f"/authorize/{attempt}/cancel"))


def test_another_browser_gets_no_answer_for_the_app_only_its_home(town: Town, app: App) -> None:
    """An answer with the state of somebody else's sign-in is not sent from here."""
    attempt = began(town.browser(), app)
    other = town.browser()
    other.get("/signin")
    page = other.get(f"/signin/{attempt}")
    site = urlsplit(app.redirect_uri)
    assert way_back(page.text) == f"{site.scheme}://{site.netloc}/"
    refused = other.get(f"/authorize/{attempt}/cancel")
    assert refused.status_code == 410
    assert "Location" not in refused.headers


def test_the_home_is_what_the_app_registered(town: Town) -> None:
    app = town.register(client_uri="https://city.example/parks")
    attempt = began(town.browser(), app)
    assert way_back(town.browser().get(f"/signin/{attempt}").text) == "https://city.example/parks"


def test_an_address_that_is_not_proven_any_more_gets_nothing(town: Town, app: App) -> None:
    import orjson

    browser = town.browser()
    attempt = began(browser, app)
    moved = app.metadata | {"redirect_uris": ["https://elsewhere.example/cb"]}
    town.change(
        update(Client).where(Client.client_id == app.client_id).values(metadata_json=orjson.dumps(moved).decode())
    )
    town.op.clients.forget(app.client_id)
    assert way_back(browser.get(f"/signin/{attempt}").text) == "https://elsewhere.example/"
    assert browser.get(f"/authorize/{attempt}/cancel").status_code == 400
    town.change(update(Client).where(Client.client_id == app.client_id).values(active=False))
    town.op.clients.forget(app.client_id)
    assert not way_back(browser.get(f"/signin/{attempt}").text)


def test_a_pushed_request_is_used_up_by_it(town: Town, app: App) -> None:
    browser = town.browser()
    pushed = app.post("/par", app.request()).json["request_uri"]
    query = {"client_id": app.client_id, "request_uri": pushed}
    attempt = browser.get("/authorize", query_string=query).location.rsplit("/", 1)[1]
    assert callback(browser.get(f"/authorize/{attempt}/cancel"))["error"] == "access_denied"
    assert browser.get("/authorize", query_string=query).status_code == 400


def test_an_expired_sign_in_for_our_own_pages_begins_again(town: Town) -> None:
    browser = town.browser()
    attempt = browser.get("/signin?next=/my/notices").location
    assert 'data-testid="way-home"' in browser.get(attempt).text
    with clock.travelled(timedelta(minutes=31)):
        page = browser.get(attempt).text
        again = re.search(r'href="([^"]+)"[^>]*data-testid="error-again"', page)
        assert again is not None
        assert parse_qs(urlsplit(again.group(1)).query) == {"next": ["/my/notices"]}


@pytest.mark.parametrize("path", ["/signin/{}", "/signin/{}/code", "/authorize/{}"])
def test_a_browser_that_keeps_no_cookies_is_told_so(town: Town, app: App, path: str) -> None:
    attempt = began(town.browser(), app)
    page = town.browser().get(path.format(attempt))
    assert page.status_code == 410
    assert "your browser sent none" in page.text
    assert way_back(page.text)
    keeps = town.browser()
    keeps.get("/signin")
    assert "your browser sent none" not in keeps.get(path.format(attempt)).text


def test_a_form_from_a_browser_without_cookies(town: Town, app: App) -> None:
    attempt = began(town.browser(), app)
    for path in (f"/signin/{attempt}/code", f"/signin/{attempt}/card"):
        bare = town.app.test_client()
        answer = bare.post(path, data={"csrf_token": "x"}, headers={"Accept": "text/html", "Accept-Language": "en"})
        assert answer.status_code == 400
        assert "your browser sent none" in answer.text
