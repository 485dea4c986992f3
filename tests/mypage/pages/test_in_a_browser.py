"""What only a browser shows: the live page, that it disturbs nobody, and that everybody can read and use it."""

from __future__ import annotations

import re

import orjson
import pytest
from playwright.sync_api import Browser, Page, expect

from mypage.delivery.live.pacer import Pacer
from mypage.delivery.live.words import seal_words
from tests.mypage.pages.browser import Served, window
from tests.mypage.pages.conftest import Visit
from tests.support.readable import Look, check_readable

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SMALL_TARGETS = """() => [...document.querySelectorAll(
      "a.button, button, .nav-entry, .choice, .back, .all, summary, input:not([type=hidden])")]
    .filter((e) => e.checkVisibility()).map((e) => [e.textContent.trim(), e.getBoundingClientRect()])
    .filter(([, box]) => box.height < 44).map(([text, box]) => text + " " + box.height)"""


def report(visit: Visit, subject: str, sequence: int, phase: str, **data: object) -> None:
    answer = visit.city.send(visit.city.case(visit.resident_id, subject, sequence, phase, **data))
    assert answer.status_code == 202, answer.get_data(as_text=True)


def listening(page: Page, address: str) -> None:
    """Open a page and wait until its stream says hello."""
    page.goto(address)
    expect(page.locator("[data-live-state]")).to_have_attribute("data-state", "live")


def test_a_change_is_on_the_open_page_and_is_announced(browser: Browser, served: Served, hanako: Visit) -> None:
    report(hanako, "A-1", 1, "in_review")
    page = window(browser, served, hanako).new_page()
    listening(page, served.url + "/my/")
    expect(page.get_by_test_id("nothing-to-do")).to_be_visible()
    page.get_by_test_id("recent-case").get_by_role("link").focus()
    report(hanako, "A-1", 2, "action_required")
    expect(page.get_by_test_id("your-turn")).to_be_visible()
    expect(page.get_by_test_id("badge-tasks")).to_contain_text("1")
    expect(page.locator("#live-announcer")).to_contain_text("やることが1件あります")
    # The focus stays on the same case although its row was drawn anew.
    assert "児童手当" in page.evaluate("document.activeElement.textContent")


def test_a_list_that_is_being_read_does_not_jump(browser: Browser, served: Served, hanako: Visit) -> None:
    for number in range(12):
        report(hanako, f"A-{number}", 1, "in_review")
    page = window(browser, served, hanako).new_page()
    listening(page, served.url + "/my/cases")
    page.evaluate("window.scrollTo(0, 700)")
    report(hanako, "NEW", 1, "received", label={"ja": "新しい申請です"})
    expect(page.locator("[data-live-show]")).to_be_visible()
    assert page.evaluate("scrollY") == 700
    expect(page.get_by_text("新しい申請です")).to_have_count(0)
    page.locator("[data-live-show]").click()
    expect(page.get_by_text("新しい申請です")).to_be_visible()
    expect(page.locator("[data-live-show]")).to_be_hidden()


def test_a_refused_stream_becomes_polling(browser: Browser, served: Served, hanako: Visit) -> None:
    page = window(browser, served, hanako).new_page()
    page.route(re.compile("/my/live"), lambda route: route.fulfill(status=503))
    page.clock.install()
    page.goto(served.url + "/my/")
    expect(page.get_by_test_id("nothing-to-do")).to_be_visible()
    report(hanako, "A-1", 1, "action_required")
    page.clock.run_for(16_000)
    expect(page.get_by_test_id("your-turn")).to_be_visible()


@pytest.mark.parametrize(("lang", "title"), [("ja", "断水のお知らせ"), ("en", "Water will be off")])
def test_what_many_are_told_is_shown_before_the_page_has_its_turn_to_fetch(
    browser: Browser, served: Served, hanako: Visit, lang: str, title: str
) -> None:
    page = window(browser, served, hanako, lang=lang).new_page()
    listening(page, served.url + "/my/")
    served.city.app.extensions["machi_live"]().hub._pacer = Pacer(0.4)  # a turn every two and a half seconds
    words = orjson.dumps({"title": {"ja": "断水のお知らせ", "en": "Water will be off"}, "important": False})
    parts = served.city.parts
    parts.journal.append({"told": [[[hanako.resident_id], ["home"]]], "words": seal_words(parts, words)})
    link = page.locator("[data-live-words]").get_by_role("link", name=title)
    expect(link).to_be_visible()
    assert link.get_attribute("href") == "/my/notices"
    expect(page.locator("[data-live-words]")).to_be_hidden()  # its turn has come


def test_a_page_that_lost_the_connection_says_so_and_recovers(browser: Browser, served: Served, hanako: Visit) -> None:
    context = window(browser, served, hanako)
    page = context.new_page()
    listening(page, served.url + "/my/")
    context.set_offline(True)
    expect(page.locator("[data-live-state]")).to_have_attribute("data-state", "offline")
    report(hanako, "A-1", 1, "action_required")
    context.set_offline(False)
    expect(page.get_by_test_id("your-turn")).to_be_visible()
    expect(page.locator("[data-live-state]")).to_have_attribute("data-state", "live")


def test_a_login_ended_elsewhere_shows_on_the_open_page(browser: Browser, served: Served, hanako: Visit) -> None:
    page = window(browser, served, hanako).new_page()
    listening(page, served.url + "/my/")
    other = Visit(served.city, hanako.resident_id)
    other.post(f"/my/settings/devices/{hanako.session_id}/end", "/my/settings/devices")
    expect(page.locator("[data-live-state]")).to_have_attribute("data-state", "signed-out")


def test_the_page_works_without_scripts(browser: Browser, served: Served, hanako: Visit) -> None:
    hanako.city.send(hanako.city.notice(hanako.resident_id, "N-1", requires_ack=True))
    session = hanako.client.get_cookie("machi_session")
    context = browser.new_context(java_script_enabled=False, locale="ja-JP")
    context.add_cookies([{"name": "machi_session", "value": session.value, "url": served.url}])  # type: ignore[union-attr]
    page = context.new_page()
    page.goto(served.url + "/")
    page.get_by_test_id("nav-notices").click()
    page.get_by_test_id("notice-row").get_by_role("link").click()
    page.get_by_test_id("notice-acknowledge").click()
    expect(page.get_by_text("確認の返事を送りました")).to_be_visible()
    page.get_by_test_id("lang-en").click()
    expect(page.get_by_text("You have confirmed this notice")).to_be_visible()


@pytest.mark.parametrize(
    ("lang", "looks"),
    [("ja", [("light", 1280), ("dark", 390)]), ("en", [("light", 320), ("dark", 1280)])],
    ids=["ja", "en"],
)
def test_every_page_passes_axe_and_fits(
    browser: Browser, served: Served, hanako: Visit, lang: str, looks: list[Look]
) -> None:
    action = {"kind": "upload", "label": {"ja": "写しを送る"}, "url": "https://kodomo.example/u"}
    report(
        hanako,
        "A-1",
        1,
        "action_required",
        actions=[action],
        act_by="2026-01-05",
        expected_by="2026-12-23",
        receipt_number="R8-1",
    )
    report(hanako, "B-1", 1, "decided", outcome="approved")
    hanako.city.send(hanako.city.notice(hanako.resident_id, "N-1", importance="high", requires_ack=True))
    page = window(browser, served, hanako, lang=lang).new_page()
    page.goto(served.url + "/my/")
    ways = [
        page.get_by_test_id(name).first.get_by_role("link").first.get_attribute("href")
        for name in ("recent-case", "notice-row")
    ]
    pages = ["/my/", "/my/cases", "/my/notices", "/my/tasks", *ways]
    pages += ["/my/settings", "/my/settings/apps", "/my/settings/devices", "/my/settings/credentials", "/nowhere"]
    for path in pages:
        page.goto(f"{served.url}{path}")
        for look in looks:
            check_readable(page, look)
            assert page.evaluate(SMALL_TARGETS) == [], (path, look)


def test_the_keyboard_alone_reaches_a_case(browser: Browser, served: Served, hanako: Visit) -> None:
    report(hanako, "A-1", 1, "in_review")
    page = window(browser, served, hanako, width=1280).new_page()
    page.goto(served.url + "/my/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('[data-testid=recent-case]') !== null"):
            break
    assert page.evaluate("getComputedStyle(document.activeElement, '::after').outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("case-timeline")).to_be_visible()
