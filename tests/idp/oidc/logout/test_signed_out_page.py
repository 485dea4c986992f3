"""The signed-out page says which apps could not be reached; ending a login sets the deliveries going at once."""

from __future__ import annotations

import re
from html import unescape

import pytest

from idp.foundation.outbox import OutboxRow
from idp.logins.devices import end_device
from idp.logins.model import LoginSession
from tests.support.apps import App
from tests.support.browser import Browser
from tests.support.town import Town
from tests.support.waiting import until

NOBODY = "http://127.0.0.1:9/logout"


@pytest.fixture
def deaf(town: Town) -> App:
    """An app whose back-channel address nobody serves."""
    return town.register(client_name="Deaf app", backchannel_logout_uri=NOBODY)


def check_url(page: str) -> str:
    return unescape(re.search(r'data-check-url="([^"]+)"', page)[1])  # type: ignore[index]


def test_an_app_that_did_not_answer_is_named(town: Town, browser: Browser, app: App, deaf: App) -> None:
    browser.sign_on(app)
    browser.sign_on(deaf)
    page = browser.post("/signout")
    assert "did not answer" not in page.text
    url = check_url(page.text)
    waiting = browser.get(url, headers={"X-Fragment": "1"})
    assert waiting.headers["X-Pending"] == "1"
    assert "Deaf app" not in waiting.text
    town.parts.worker.run_once()
    done = browser.get(url, headers={"X-Fragment": "1"})
    assert done.headers["X-Pending"] == "0"
    assert "These apps did not answer" in done.text
    assert "Deaf app" in done.text
    assert app.metadata["client_name"] not in done.text
    assert "<html" not in done.text


def test_without_script_a_page_says_it(town: Town, browser: Browser, deaf: App) -> None:
    browser.sign_on(deaf)
    page = browser.post("/signout").text
    assert f'<noscript><meta http-equiv="refresh" content="3; url={check_url(page)}">' in unescape(page)
    whole = browser.get(check_url(page))
    assert "<html" in whole.text
    assert "Deaf app" in whole.text


def test_apps_without_a_back_channel_are_not_waited_for(browser: Browser, app: App) -> None:
    browser.sign_on(app)
    page = browser.post("/signout").text
    assert app.metadata["client_name"] in page
    assert "data-check-url" not in page


def test_a_ticket_is_good_in_its_own_browser_only(town: Town, browser: Browser, deaf: App) -> None:
    browser.sign_on(deaf)
    url = check_url(browser.post("/signout").text)
    for other, where in ((town.browser(), url), (browser, url[:-3] + "AAA"), (browser, "/signed-out"),
                         (browser, "/signed-out?ticket=" + "x" * 9000), (browser, "/signed-out?ticket=e30.x")):  # fmt: skip
        answer = other.get(where)
        assert (answer.status_code, answer.location) == (303, "/")


def test_every_way_of_ending_a_login_wakes_the_worker(town: Town, browser: Browser, deaf: App) -> None:
    browser.sign_on(deaf)
    worker = town.parts.worker
    worker._idle = 600  # it would sleep for ten minutes, unless woken
    worker.start()
    until(lambda: not worker._wakes[True].is_set())
    session_id = town.rows(LoginSession)[0].session_id
    resident = town.resident()
    with town.app.test_request_context(), town.writing() as session:
        assert end_device(session, resident, session_id)
    until(lambda: [row.attempts for row in town.rows(OutboxRow, OutboxRow.topic == "oidc.backchannel_logout")] == [1])
