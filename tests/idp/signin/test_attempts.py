"""Sign-in attempts: tabs, the back button and old pages all work; another browser's attempt is nobody's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from idp.foundation import clock
from idp.signin.model import SignInAttempt
from tests.support.apps import App
from tests.support.browser import Browser, callback
from tests.support.people import BIRTH_DATES
from tests.support.town import Town


def test_several_tabs(town: Town) -> None:
    """Keycloak #21451 and its like: a login finished in one tab lets the others go on."""
    resident, browser = town.resident(), town.browser()
    apps = [town.register() for _ in range(3)]
    tabs = [browser.authorize(app).location for app in apps]
    assert len(set(tabs)) == 3
    assert all(browser.get(tab).status_code == 200 for tab in tabs)
    browser.sign_in(resident)
    for app, tab in zip(apps, tabs, strict=True):
        onward = browser.get(tab)
        assert onward.status_code == 303
        consent = browser.get(onward.location)
        done = callback(browser.post(consent.location, {"decision": "allow"}))
        assert app.redeem(done["code"]).status_code == 200


def test_the_back_button(town: Town, browser: Browser, app: App) -> None:
    """Going back to a page that is done leads on again, not into a wall."""
    consent = browser.authorize(app).location
    first = callback(browser.post(consent, {"decision": "allow"}))
    assert browser.get(consent).status_code == 200
    second = callback(browser.post(consent, {"decision": "allow"}))
    assert first["code"] != second["code"]
    assert app.redeem(second["code"]).status_code == 200
    assert app.redeem(first["code"]).status_code == 200


def test_a_stale_page_is_kind(town: Town, app: App) -> None:
    browser = town.browser()
    attempt = browser.authorize(app).location
    with clock.travelled(timedelta(minutes=29)):
        assert browser.get(attempt).status_code == 200
    with clock.travelled(timedelta(minutes=31)):
        for path in (attempt, attempt + "/code", "/authorize/" + attempt.rsplit("/", 1)[1]):
            page = browser.get(path)
            assert page.status_code == 410
            assert "go back to the app and press sign in again" in page.text
        assert browser.post(attempt + "/code", {"code": "x"}).status_code == 410


@pytest.mark.parametrize("path", ["/signin/{}", "/signin/{}/code", "/authorize/{}"])
def test_an_attempt_of_another_browser(town: Town, app: App, path: str) -> None:
    """Nobody can be led to finish somebody else's sign-in."""
    attempt = town.browser().authorize(app).location.rsplit("/", 1)[1]
    victim = town.browser()
    assert victim.get(path.format(attempt)).status_code == 410
    signed_in = town.signed_in()
    assert signed_in.get(path.format(attempt)).status_code == 410
    code = town.activation_code("taro")
    posted = victim.post(f"/signin/{attempt}/code", {"code": code, "birth_date": BIRTH_DATES["taro"]})
    assert posted.status_code == 410
    assert victim.cookie("machi_session") is None


def test_an_attempt_without_an_app_is_not_an_authorization(town: Town, browser: Browser) -> None:
    stranger = town.browser()
    attempt = stranger.get("/signin?next=/my/").location.rsplit("/", 1)[1]
    assert stranger.get(f"/authorize/{attempt}").status_code == 404
    stranger.sign_in(town.resident())
    assert stranger.get(f"/consent/{attempt}").status_code == 404
    assert stranger.post(f"/consent/{attempt}", {"decision": "allow"}).status_code == 404


def test_the_request_is_checked_again_at_the_resume(town: Town, app: App) -> None:
    """Keycloak CVE-2026-7571: what the client may no longer do is not done because it was begun before."""
    import orjson
    from sqlalchemy import update

    from idp.oidc.clients.model import Client

    resident, browser = town.resident(), town.browser()
    attempt = browser.authorize(app).location
    browser.sign_in(resident)
    metadata = app.metadata | {"redirect_uris": ["https://elsewhere.example/cb"]}
    town.change(
        update(Client).where(Client.client_id == app.client_id).values(metadata_json=orjson.dumps(metadata).decode())
    )
    town.op.clients.forget(app.client_id)
    answer = browser.get(browser.get(attempt).location)
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    town.change(update(Client).where(Client.client_id == app.client_id).values(active=False))
    town.op.clients.forget(app.client_id)
    assert browser.get("/authorize/" + attempt.rsplit("/", 1)[1]).status_code == 400


def test_the_page_names_the_app(town: Town) -> None:
    app = town.register(**{"client_name": "こども窓口", "client_name#en": "Children's desk"})
    browser = town.browser()
    assert "Children&#39;s desk" in browser.get(browser.authorize(app).location).text


def test_what_is_kept_of_an_attempt(town: Town, app: App) -> None:
    browser = town.browser()
    browser.authorize(app)
    row = town.rows(SignInAttempt)[0]
    assert len(row.attempt_id) == 43
    assert str(browser.cookie("machi_browser")) not in row.browser_digest


def test_opening_pages_without_end_is_slowed_down(sqlite_url: str) -> None:
    with Town(sqlite_url, attempt_limit="3/minute") as town:
        answers = [town.browser().get("/signin").status_code for _ in range(4)]
        assert answers == [303, 303, 303, 429]


def test_signed_in_already_goes_straight_on(browser: Browser) -> None:
    assert browser.get("/signin?next=/my/settings").location == "/my/settings"
    assert browser.get("/signin").location == "/my/"


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "\n//evil.example",
     "javascript:alert(1)", "https:evil.example", "/%0d%0aLocation:%20//evil.example", "my", "///evil.example", "/%5cevil.example"],
    ids=ascii,
)  # fmt: skip
def test_the_way_after_a_sign_in_stays_here(shared_browser: Browser, target: str) -> None:
    """Open redirect by `next`."""
    answer = shared_browser.get("/signin", query_string={"next": target})
    assert answer.status_code == 303
    assert answer.location.startswith("/")
    assert not answer.location.startswith(("//", "/\\"))
    assert not any(c in answer.location for c in "\t\r\n\\")


def test_signing_in_needs_the_csrf_token(town: Town) -> None:
    """CSRF of the sign-in: nobody can be signed in as somebody else by a page they have open."""
    code, stranger = town.activation_code("taro"), town.browser()
    attempt = stranger.get("/signin").location
    form = {"code": code, "birth_date": BIRTH_DATES["taro"]}
    assert stranger.client.post(f"{attempt}/code", data=form).status_code == 400
    elsewhere = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert stranger.post(f"{attempt}/code", form, headers=elsewhere).status_code in (400, 403)
    assert stranger.client.post(f"{attempt}/passkey", json={}).status_code == 400
    assert stranger.cookie("machi_session") is None
    assert stranger.post(f"{attempt}/code", form).status_code == 303
