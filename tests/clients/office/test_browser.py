"""In a real browser: no violation of WCAG 2.2 AA that axe can find, nothing wider than the screen, targets of 44 px,
no policy violation, and all of it without JavaScript."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.clients.office.conftest import DAYCARE, PASSWORD, Site
from tests.support.readable import Look, check_readable

pytestmark = pytest.mark.browser

SMALL_TARGETS = """
[...document.querySelectorAll('a, button, input:not([type=hidden], [type=checkbox]), select, textarea')]
  .filter(e => getComputedStyle(e).display !== 'inline' && !e.classList.contains('skip'))
  .map(e => [e.getBoundingClientRect().height, e.outerHTML.slice(0, 80)])
  .filter(([height]) => height > 0 && height < 44)
"""


def press(page: Page, name: str) -> None:
    """Follow a link or send a form, to the end of all redirects."""
    with page.expect_navigation():
        page.get_by_test_id(name).click()


def inspect(page: Page, looks: list[Look]) -> None:
    """Check the page that is open."""
    for look in looks:
        check_readable(page, look)
        assert page.evaluate(SMALL_TARGETS) == [], (page.url, look)


@pytest.mark.parametrize(
    ("language", "looks"),
    [("ja", [("light", 320), ("dark", 1280)]), ("en", [("light", 1280), ("dark", 320)])],
    ids=["ja", "en"],
)
def test_pages_of_residents_and_staff(childcare: Site, chromium: Browser, language: str, looks: list[Look]) -> None:
    context = chromium.new_context(locale=language)
    page = context.new_page()
    page.set_default_timeout(10_000)
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if "Content Security" in message.text else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(childcare.url)
    inspect(page, looks)
    press(page, "signin")
    expect(page.get_by_test_id("greeting")).to_have_count(1)
    press(page, "apply-daycare")
    inspect(page, looks)
    for name, value in DAYCARE.items():
        field = page.get_by_test_id(f"field-{name}")
        field.select_option(value) if name in {"first_choice", "second_choice", "reason"} else field.fill(value)
    press(page, "apply-submit")
    inspect(page, looks)
    press(page, "apply-confirm")
    number = page.get_by_test_id("receipt-number").inner_text()
    inspect(page, looks)
    staff = f"{childcare.url}/staff/cases/{number}"
    page.goto(staff)
    inspect(page, looks)
    page.get_by_test_id("staff-password").fill(PASSWORD)
    press(page, "staff-signin")
    page.get_by_test_id("staff-phase").select_option("action_required")
    press(page, "staff-save")
    expect(page.get_by_test_id("error")).to_have_count(1)
    inspect(page, looks)
    page.get_by_test_id("staff-phase").select_option("action_required")
    page.get_by_test_id("staff-reason").fill("証明書が必要です")
    page.get_by_test_id("staff-act-by").fill("2099-01-31")
    press(page, "staff-save")
    page.locator('[data-testid="staff-delivery"][data-state="sent"]').wait_for()
    page.goto(childcare.url + "/staff")
    inspect(page, looks)
    page.goto(childcare.url + "/applications")
    inspect(page, looks)
    press(page, "case-open")
    inspect(page, looks)
    page.get_by_test_id("respond-text").fill("あす届けます")
    press(page, "respond-submit")
    press(page, "withdraw")
    inspect(page, looks)
    press(page, "withdraw-confirm")
    press(page, "signout")
    assert "/auth/signed-out?state=" in page.url
    inspect(page, looks)
    assert problems == []
    context.close()


def test_everything_works_without_javascript(childcare: Site, chromium: Browser) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(childcare.url)
    press(page, "signin")
    press(page, "apply-daycare")
    for name, value in DAYCARE.items():
        field = page.get_by_test_id(f"field-{name}")
        field.select_option(value) if name in {"first_choice", "second_choice", "reason"} else field.fill(value)
    press(page, "apply-submit")
    press(page, "apply-confirm")
    number = page.get_by_test_id("receipt-number").inner_text()
    page.goto(f"{childcare.url}/staff/cases/{number}")
    page.get_by_test_id("staff-password").fill(PASSWORD)
    press(page, "staff-signin")
    press(page, "staff-save")
    expect(page.locator("[data-phase]").first).to_have_attribute("data-phase", "received")
    context.close()
