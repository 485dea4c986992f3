"""Forms that other sites send are refused."""

from __future__ import annotations

import requests

from tests.clients.kit.conftest import App


def test_a_form_needs_its_token(app: App, browser: requests.Session) -> None:
    token = browser.get(app.url + "/token").text
    assert browser.post(app.url + "/save").status_code == 400
    assert browser.post(app.url + "/save", data={"csrf_token": "0" * 64}).status_code == 400
    assert browser.post(app.url + "/save", data={"csrf_token": "０"}).status_code == 400
    assert browser.post(app.url + "/save", data={"csrf_token": token}).text == "saved"


def test_a_token_belongs_to_one_browser_and_one_session(app: App, browser: requests.Session) -> None:
    before = browser.get(app.url + "/token").text
    other = requests.Session().get(app.url + "/token").text
    assert browser.post(app.url + "/save", data={"csrf_token": other}).status_code == 400
    app.sign_in(browser)
    assert browser.post(app.url + "/save", data={"csrf_token": before}).status_code == 400


def test_a_request_that_the_browser_says_is_foreign(app: App, browser: requests.Session) -> None:
    token = browser.get(app.url + "/token").text
    data = {"csrf_token": token}
    assert browser.post(app.url + "/save", data=data, headers={"Origin": "https://evil.example"}).status_code == 400
    assert browser.post(app.url + "/save", data=data, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 400
    assert browser.post(app.url + "/save", data=data, headers={"Origin": app.url}).text == "saved"
