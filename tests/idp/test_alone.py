"""The provider without pages above it: whole in itself, and told nothing by heart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from idp.oidc.access.plain_home import PLAIN_HOME
from tests.support.ciba import Desk, answer
from tests.support.crawl import pages_below
from tests.support.people import BIRTH_DATES
from tests.support.town import Town

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(p for p in (ROOT / "idp").rglob("*") if p.suffix in (".py", ".html", ".js", ".css", ".po"))
# Packages, endpoints, paths and names of what stands above. "/my" also as a prefix; マイページ is how my page calls itself.
KNOWS = re.compile(
    r"\bmypage\b|\bmy_(?:home|cases|notices|tasks|account|credentials)\b|[\"'`/]my[\"'`/]|\b[Mm]y page\b|マイページ"
)


@pytest.fixture
def alone(sqlite_url: str) -> Iterator[Town]:
    with Town(sqlite_url, home=PLAIN_HOME) as town:
        yield town


def test_nothing_of_the_provider_names_the_pages_above_it() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in FILES
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if KNOWS.search(line)
    ]
    assert found == []


def test_every_endpoint_it_leads_to_is_its_own(alone: Town) -> None:
    """What no test happens to show would be a BuildError."""
    wanted = {
        name: path
        for path in FILES
        if path.suffix in (".py", ".html")
        for name in re.findall(r"url_for\(\s*[\"']([a-z_.]+)[\"']", path.read_text("utf-8"))
    }
    assert len(wanted) > 50
    assert {n: str(p) for n, p in wanted.items() if n not in alone.app.view_functions} == {}


def test_from_the_first_sign_in_to_the_last_page(alone: Town) -> None:
    """Activation code, welcome, an app with consent, a department's question, sign-out; nothing on the way leads nowhere."""
    browser = alone.browser()
    code = alone.activation_code("hanako")
    start = browser.get(browser.get("/signin").location).request.path
    assert "what the city is doing" not in browser.get(start).text
    welcome = browser.post(f"{start}/code", {"code": code, "birth_date": BIRTH_DATES["hanako"]})
    assert welcome.status_code == 303
    page = browser.get(welcome.location).text
    assert "We opened your account." in page
    (on,) = re.findall(r'href="([^"]+)"[^>]*data-testid="passkey-skip"', page)
    assert urlsplit(on).path == "/account"
    account = browser.get(on)
    assert account.status_code == 200
    assert "見本 花子" in account.text
    assert browser.get("/").location == "/account"

    app = alone.register()
    asked = browser.authorize(app)
    consent = browser.get(asked.location).text
    assert "under Settings" not in consent, "there are none"
    assert "code" in browser.sign_on(app)

    desk = Desk(alone)
    assert desk.ask(login_hint=desk.know(alone.resident("hanako"))).status_code == 200
    assert 'data-testid="approvals-see"' in browser.get("/account").text
    assert answer(browser, "allow").status_code == 303
    assert "To my account" in browser.get("/approve").text

    def look(address: str) -> tuple[int, str, str]:
        found = browser.get(address)
        return found.status_code, found.location or "", found.text

    starts = ("/", "/account", "/account/passkeys/new", "/approve", "/device", "/logout", "/desk/")
    assert {"/account", "/device", "/approve"} <= pages_below(look, "", starts)

    left = browser.post("/signout")
    assert left.status_code == 200
    (again,) = re.findall(r'href="([^"]+)"[^>]*data-testid="signin-again"', left.text)
    assert browser.get(browser.get(again).location).location.startswith("/signin")
    lost = browser.get("/no-such-page")
    assert lost.status_code == 404
    assert 'href="/"' in lost.text


def test_no_address_of_it_breaks(alone: Town) -> None:
    """From the URL map: as a stranger and as a resident, with values that name nothing."""
    browsers = alone.browser(), alone.signed_in("hanako"), alone.browser("ja")
    for rule in alone.app.url_map.iter_rules():
        if "GET" in (rule.methods or ()):
            path = re.sub(r"<int:\w+>", "1", rule.rule)
            path = re.sub(r"<(?:path:)?\w+>", "a" * 43, path)
            for browser in browsers:
                assert browser.get(path).status_code != 500, path
    assert not any(rule.rule.startswith("/my") for rule in alone.app.url_map.iter_rules())
