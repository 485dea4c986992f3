"""Session management 1.0: every app is told the state; the frame tells whether the login is still the same."""

from __future__ import annotations

import hashlib

from tests.support.apps import App
from tests.support.browser import Browser, callback
from tests.support.town import Town

STATE = "machi_state"


def expected(app: App, origin: str, state: str, given: str) -> str:
    """Session Management §3.1, as the frame computes it."""
    salt = given.partition(".")[2]
    return hashlib.sha256(f"{app.client_id} {origin} {state} {salt}".encode()).hexdigest() + "." + salt


def test_the_response_carries_session_state(town: Town, browser: Browser) -> None:
    app = town.register(redirect_uris=["https://watch.example:443/cb"])
    first, second = browser.sign_on(app)["session_state"], browser.sign_on(app)["session_state"]
    state = browser.cookie(STATE)
    assert state
    assert first == expected(app, "https://watch.example", state, first)
    assert second == expected(app, "https://watch.example", state, second)
    assert first != second  # a salt each time
    assert state != browser.cookie("machi_session")


def test_the_browser_gets_the_state_once(town: Town, browser: Browser, app: App) -> None:
    """The frame is advertised, so every app gets `session_state` (Session Management §2); its cookie is sent when it changes."""
    browser.sign_on(app)
    answer = browser.authorize(app)
    assert callback(answer)["session_state"]
    assert not [c for c in answer.headers.getlist("Set-Cookie") if c.startswith(STATE)]
    assert browser.cookie(STATE)


def test_errors_carry_none(town: Town) -> None:
    app = town.register()
    assert "session_state" not in callback(town.browser().authorize(app, prompt="none"))


def test_the_state_goes_with_the_login(town: Town, browser: Browser) -> None:
    app = town.register()
    browser.sign_on(app)
    before = browser.cookie(STATE)
    browser.post("/signout")
    assert not browser.cookie(STATE)
    browser.sign_in(town.resident())
    browser.sign_on(app)
    assert browser.cookie(STATE) not in (None, "", before)


def test_the_state_goes_when_the_login_was_ended_elsewhere(town: Town, browser: Browser) -> None:
    app = town.register()
    browser.sign_on(app)
    kept = browser.cookie("machi_session")
    other = town.browser()
    other.set_cookie("machi_session", str(kept))
    other.post("/signout")
    browser.get("/session/check")
    assert not browser.cookie(STATE)


def test_the_frame_may_be_held_by_apps_and_only_it(town: Town, browser: Browser) -> None:
    frame = browser.get("/session/check")
    assert frame.status_code == 200
    assert "frame-ancestors *" in frame.headers["Content-Security-Policy"]
    assert "script-src 'self'" in frame.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in frame.headers
    page = browser.get("/my/")
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Frame-Options"] == "DENY"


def test_the_state_is_readable_across_sites_over_https_only(sqlite_url: str) -> None:
    with Town(sqlite_url, issuer="https://id.example") as town:
        browser = town.signed_in()
        answer = browser.authorize(town.register())
        answer = browser.post(answer.location, {"decision": "allow"})
        assert answer.status_code == 303, answer.text
        cookie = next(c for c in answer.headers.getlist("Set-Cookie") if c.startswith("__Host-machi_state="))
        assert "SameSite=None" in cookie
        assert "Secure" in cookie
        assert "HttpOnly" not in cookie
