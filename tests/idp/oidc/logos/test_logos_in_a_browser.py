"""Pictures as a real encoder writes them, shown by a real browser."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page

from idp.oidc.logos.picture import media_type_of
from tests.support.readable import check_readable
from tests.support.town import Town

from .test_logos import Pictures, with_logo

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

DRAW = """kind => { const canvas = document.createElement("canvas"); canvas.width = 320; canvas.height = 200;
  const pen = canvas.getContext("2d"); pen.fillStyle = "#176b4a"; pen.beginPath(); pen.ellipse(160, 100, 150, 90, 0, 0, 7); pen.fill();
  pen.fillStyle = "#111"; pen.font = "bold 90px sans-serif"; pen.fillText("kid", 90, 130);
  return canvas.toDataURL(kind, 0.9).split(",") }"""


@pytest.fixture
def pictures() -> Iterator[Pictures]:
    pictures = Pictures()
    yield pictures
    pictures.served.stop()


@pytest.fixture
def page(chromium: Browser, served_town: Town) -> Iterator[Page]:
    """A resident is signed in."""
    inside = served_town.browser()
    session = inside.sign_in(served_town.resident())
    context = chromium.new_context(locale="ja-JP", reduced_motion="reduce")
    context.add_cookies([{"name": "machi_session", "value": session, "url": served_town.issuer}])
    page = context.new_page()
    page.goto(f"{served_town.issuer}/signin")
    yield page
    context.close()


@pytest.mark.parametrize("kind", ["image/png", "image/jpeg", "image/webp"])
def test_what_a_browser_drew_is_taken_and_shown(page: Page, served_town: Town, pictures: Pictures, kind: str) -> None:
    said, data = page.evaluate(DRAW, kind)
    assert kind in said, "this browser writes it"
    pictures.body = base64.b64decode(data)
    assert media_type_of(pictures.body) == kind
    names = {"client_name": "こども窓口", "client_name#en": "Children's desk", "department": "こども家庭課"}
    app = with_logo(served_town, pictures.at(), **names)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(f"{served_town.issuer}/authorize?{urlencode(app.request(scope='openid profile'))}")
    page.wait_for_url(re.compile("/consent/"))
    logo = page.locator("img.app-logo")
    assert logo.evaluate("async img => { await img.decode(); return [img.naturalWidth, img.naturalHeight] }") == [
        320,
        200,
    ]
    assert logo.evaluate("img => [img.offsetWidth, img.offsetHeight]") == [48, 48]
    assert [url for url in asked if not url.startswith(served_town.issuer)] == []
    assert complaints == []
    check_readable(page, ("light", 1280), ("dark", 320))
