"""Cookies: out of reach of scripts and other sites; `__Host-` wherever the issuer is https."""

from __future__ import annotations

import re

import pytest

from tests.support.town import Town


def set_by(town: Town) -> dict[str, str]:
    """Every cookie of ours, by name, as it was set."""
    browser = town.browser()
    found = {}
    code = town.activation_code()
    attempt = browser.get("/signin").location
    answers = [
        browser.get(attempt),
        browser.post("/language", {"lang": "ja"}),
        town.browser().get("/signin"),
        browser.post(attempt + "/code", {"code": code, "birth_date": "1989-04-12"}),
    ]
    for answer in answers:
        for cookie in answer.headers.getlist("Set-Cookie"):
            found[cookie.partition("=")[0]] = cookie
    return found


NAMES = {"machi_session", "machi_browser", "machi_lang"}


@pytest.mark.parametrize(
    "issuer", ["http://localhost:8000", "https://id.mihon.example", "https://id.mihon.example/machi"]
)
def test_flags(sqlite_url: str, issuer: str) -> None:
    with Town(sqlite_url, issuer=issuer) as town:
        cookies = set_by(town)
    https = issuer.startswith("https")
    own = "~machi" if issuer.endswith("/machi") else ""  # two installations on one host do not take each other's
    assert set(cookies) == {("__Host-" if https else "") + name + own for name in NAMES}
    for name, cookie in cookies.items():
        flags = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"httponly", "samesite=lax", "path=/"} <= flags, name
        assert ("secure" in flags) is https, name
        assert not [f for f in flags if f.startswith("domain")], name


def test_the_login_ends_with_the_browser_and_the_others_do_not(shared_town: Town) -> None:
    cookies = set_by(shared_town)
    assert "Max-Age" not in cookies["machi_session"]
    assert "Expires" not in cookies["machi_session"]
    assert int(re.search(r"Max-Age=(\d+)", cookies["machi_browser"]).group(1)) > 86400  # type: ignore[union-attr]


def test_values_are_random_and_long(shared_town: Town) -> None:
    values = {set_by(shared_town)["machi_browser"].split("=")[1].split(";")[0] for _ in range(3)}
    assert len(values) == 3
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", v) for v in values)


def test_the_plain_name_does_not_count_over_https(sqlite_url: str) -> None:
    """A cookie set by a sub-domain, without the prefix, is nobody's."""
    with Town(sqlite_url, issuer="https://id.mihon.example") as town:
        browser = town.signed_in()
        token = str(browser.cookie("machi_session"))
        assert browser.get("/account/passkeys/new").status_code == 200
        other = town.browser()
        other.client.set_cookie("machi_session", token, domain="id.mihon.example", secure=True)
        assert other.get("/account/passkeys/new").status_code == 303


@pytest.mark.parametrize("value", ["", "x", "x" * 43 + "!", "\u00e9" * 43, "a" * 5000])
def test_a_browser_cookie_that_is_none_is_replaced(shared_town: Town, value: str) -> None:
    client = shared_town.app.test_client(use_cookies=False)
    answer = client.get("/signin", headers={"Cookie": f"machi_browser={value}"})
    assert any(c.startswith("machi_browser=") for c in answer.headers.getlist("Set-Cookie"))


def test_documents_for_machines_set_none(shared_town: Town) -> None:
    for path in ("/jwks", "/healthz", "/.well-known/openid-configuration", "/static/shell/machi.css"):
        assert "Set-Cookie" not in shared_town.app.test_client().get(path).headers
