"""Front-channel logout 1.0: the signed-out page calls the apps in frames, and only these frames may be there."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from idp.oidc.client_metadata.metadata import MetadataError
from tests.support.browser import Browser
from tests.support.town import Town


def frames(page: str) -> list[str]:
    return [unescape(src) for src in re.findall(r'<iframe src="([^"]+)"', page)]


def frame_sources(policy: str) -> list[str]:
    found = [d.split()[1:] for d in policy.split(";") if d.split()[0] == "frame-src"]
    return found[0] if found else []


def test_each_app_that_took_part_is_called_with_its_own_sid(town: Town, browser: Browser) -> None:
    apps = [
        town.register(
            redirect_uris=[f"https://front{n}.example/cb"],
            frontchannel_logout_uri=f"https://front{n}.example/out{'?t=1' if n else ''}",
        )
        for n in range(2)
    ]
    town.register(redirect_uris=["https://absent.example/cb"], frontchannel_logout_uri="https://absent.example/out")
    sids = [app.id_token(browser.tokens(app)["id_token"])["sid"] for app in apps]
    page = browser.post("/signout")
    called = sorted(frames(page.text))
    assert [urlsplit(u).netloc for u in called] == ["front0.example", "front1.example"]
    for uri, sid in zip(called, sids, strict=True):
        query = parse_qs(urlsplit(uri).query)
        assert (query["iss"], query["sid"]) == ([town.issuer], [sid])
    assert parse_qs(urlsplit(called[1]).query)["t"] == ["1"]
    assert sorted(frame_sources(page.headers["Content-Security-Policy"])) == [
        "https://front0.example",
        "https://front1.example",
    ]


def test_without_such_apps_no_frame_is_allowed(town: Town, browser: Browser) -> None:
    browser.sign_on(town.register())
    page = browser.post("/signout")
    assert frames(page.text) == []
    assert "frame-src" not in page.headers["Content-Security-Policy"]


def test_the_page_leads_on_to_the_app_that_asked(town: Town, browser: Browser) -> None:
    app = town.register(
        redirect_uris=["https://front.example/cb"],
        frontchannel_logout_uri="https://front.example/out",
        post_logout_redirect_uris=["https://front.example/bye"],
    )
    hint = browser.tokens(app)["id_token"]
    query = {"id_token_hint": hint, "post_logout_redirect_uri": "https://front.example/bye", "state": "s"}
    page = browser.get("/logout?" + urlencode(query))
    assert page.status_code == 200
    assert len(frames(page.text)) == 1
    assert re.search(r'href="https://front.example/bye\?state=s"[^>]* data-go-on', page.text)
    # Without script a refresh leads on.
    assert '<meta http-equiv="refresh" content="3; url=https://front.example/bye?state=s">' in page.text


def test_an_address_that_was_not_registered_is_not_led_to(town: Town, browser: Browser) -> None:
    app = town.register(redirect_uris=["https://front.example/cb"], frontchannel_logout_uri="https://front.example/out")
    hint = browser.tokens(app)["id_token"]
    query = {"id_token_hint": hint, "post_logout_redirect_uri": "https://evil.example/"}
    page = browser.get("/logout?" + urlencode(query))
    assert len(frames(page.text)) == 1
    assert 'href="https://evil.example' not in page.text
    assert 'http-equiv="refresh"' not in page.text


@pytest.mark.parametrize(
    "uri",
    ["https://other.example/out", "http://front.example/out", "https://front.example:8443/out", "javascript:alert(1)",
     "https://front.example/out#x", "https://front.example /out"],
)  # fmt: skip
def test_the_address_is_at_a_redirect_uris_place(town: Town, uri: str) -> None:
    with pytest.raises(MetadataError):
        town.register(redirect_uris=["https://front.example/cb"], frontchannel_logout_uri=uri)


def test_ending_another_device_calls_nobody_in_this_browser(town: Town, browser: Browser) -> None:
    app = town.register(redirect_uris=["https://front.example/cb"], frontchannel_logout_uri="https://front.example/out")
    browser.sign_on(app)
    other = town.browser()
    other.sign_in(town.resident())
    assert frames(other.post("/signout").text) == []
