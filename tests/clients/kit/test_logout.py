"""Sign-out: by the resident (RP-Initiated Logout 1.0) and by the provider (Back-Channel Logout 1.0)."""

from __future__ import annotations

import time

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec

from tests.clients.kit.conftest import App
from tests.clients.tiny_provider import TinyProvider


def tell(app: App, token: str) -> requests.Response:
    return requests.post(app.url + "/auth/backchannel-logout", data={"logout_token": token})


def test_sign_out_ends_the_session_here_and_at_the_provider(
    app: App, provider: TinyProvider, browser: requests.Session
) -> None:
    app.sign_in(browser)
    stolen = dict(browser.cookies)
    answer = app.sign_out(browser)
    assert answer.url.startswith(app.url + "/auth/signed-out")
    asked = provider.logouts[0]
    assert asked["client_id"] == "app-1"
    assert jwt.decode(asked["id_token_hint"], options={"verify_signature": False})["sub"] == "pw-hanako"
    assert asked["post_logout_redirect_uri"] == app.url + "/auth/signed-out"
    assert browser.get(app.url + "/").text == "nobody"
    assert requests.get(app.url + "/", cookies=stolen).text == "nobody"


def test_sign_out_works_while_the_provider_is_down(app: App, provider: TinyProvider, browser: requests.Session) -> None:
    app.sign_in(browser)
    app.machi.provider._metadata = {}
    provider.served.stop()
    answer = app.sign_out(browser)
    assert answer.status_code == 200
    assert browser.get(app.url + "/").text == "nobody"


def test_another_site_cannot_sign_a_resident_out(app: App, browser: requests.Session) -> None:
    app.sign_in(browser)
    assert browser.post(app.url + "/auth/logout").status_code == 400
    assert browser.get(app.url + "/").text == "hello 見本 花子"


def test_the_provider_ends_the_session_of_a_sid_and_no_other(app: App, provider: TinyProvider) -> None:
    phone, desk = requests.Session(), requests.Session()
    app.sign_in(phone)
    provider.sid = "sid-2"
    app.sign_in(desk)
    answer = tell(app, provider.logout_token("app-1", sid="sid-1"))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert phone.get(app.url + "/").text == "nobody"
    assert desk.get(app.url + "/").text == "hello 見本 花子"


def test_the_provider_ends_all_sessions_of_a_sub(app: App, provider: TinyProvider) -> None:
    phone, desk = requests.Session(), requests.Session()
    app.sign_in(phone)
    provider.sid = "sid-2"
    app.sign_in(desk)
    assert tell(app, provider.logout_token("app-1", sid=None)).status_code == 200
    assert phone.get(app.url + "/").text == desk.get(app.url + "/").text == "nobody"


def test_a_logout_that_overtakes_the_browser_still_wins(
    app: App, provider: TinyProvider, browser: requests.Session
) -> None:
    away = browser.get(app.url + "/auth/login", allow_redirects=False).headers["Location"]
    back = browser.get(away, allow_redirects=False).headers["Location"]
    assert tell(app, provider.logout_token("app-1")).status_code == 200
    assert browser.get(back).status_code == 400
    assert browser.get(app.url + "/").text == "nobody"


def test_a_logout_token_is_good_for_one_use(app: App, provider: TinyProvider, browser: requests.Session) -> None:
    app.sign_in(browser)
    token = provider.logout_token("app-1", sid=None)
    assert tell(app, token).status_code == 200
    app.sign_in(browser)
    assert tell(app, token).status_code == 400
    assert browser.get(app.url + "/").text == "hello 見本 花子"


@pytest.mark.parametrize(
    "change",
    [
        {"nonce": "n"},
        {"events": None},
        {"events": {"http://schemas.openid.net/event/other": {}}},
        {"events": {"http://schemas.openid.net/event/backchannel-logout": "x"}},
        {"sid": None, "sub": None},
        {"jti": None},
        {"iat": None},
        {"exp": None},
        {"exp": int(time.time()) - 60},
        {"iat": int(time.time()) - 3600},
        {"aud": "another-app"},
        {"iss": "https://other.example"},
        {"typ": "JWT"},
    ],
    ids=lambda change: "-".join(change),
)
def test_logout_tokens_that_are_refused(
    app: App, provider: TinyProvider, browser: requests.Session, change: dict[str, object]
) -> None:
    app.sign_in(browser)
    answer = tell(app, provider.logout_token("app-1", **change))
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"
    assert browser.get(app.url + "/").text == "hello 見本 花子"


def test_a_logout_token_signed_by_a_stranger(app: App, provider: TinyProvider, browser: requests.Session) -> None:
    app.sign_in(browser)
    good = provider.keys["ES256"]
    provider.keys["ES256"] = ec.generate_private_key(ec.SECP256R1())
    forged = provider.logout_token("app-1")
    provider.keys["ES256"] = good
    assert tell(app, forged).status_code == 400
    assert browser.get(app.url + "/").text == "hello 見本 花子"


def test_no_token_at_all(app: App) -> None:
    assert requests.post(app.url + "/auth/backchannel-logout").status_code == 400


def test_an_idle_session_ends(app: App, browser: requests.Session) -> None:
    app.sign_in(browser)
    app.machi.sessions._clock = lambda: time.time() + app.settings.session_idle + 1
    assert browser.get(app.url + "/").text == "nobody"
