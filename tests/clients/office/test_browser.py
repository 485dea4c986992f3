"""In a real browser: no violation of WCAG 2.2 AA that axe can find, nothing wider than the screen, targets of 44 px,
no policy violation, and all of it without JavaScript."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.clients.office.conftest import DAYCARE, PASSWORD, Site

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


def inspect(page: Page) -> None:
    """Check the page that is open."""
    where = page.url
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), where
    assert page.evaluate(SMALL_TARGETS) == [], where
    found = Axe().run(page).response["violations"]
    assert [(item["id"], item["nodes"][0]["html"][:120]) for item in found] == [], where


@pytest.mark.parametrize(
    ("width", "scheme", "language"),
    [(320, "light", "ja"), (320, "dark", "en"), (1280, "light", "en"), (1280, "dark", "ja")],
)
def test_pages_of_residents_and_staff(
    childcare: Site, chromium: Browser, width: int, scheme: str, language: str
) -> None:
    context = chromium.new_context(
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
        locale=language,  # type: ignore[arg-type]
    )
    page = context.new_page()
    page.set_default_timeout(10_000)
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if "Content Security" in message.text else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(childcare.url)
    inspect(page)
    press(page, "signin")
    assert page.get_by_test_id("greeting").count() == 1
    press(page, "apply-daycare")
    inspect(page)
    for name, value in DAYCARE.items():
        field = page.get_by_test_id(f"field-{name}")
        field.select_option(value) if name in {"first_choice", "second_choice", "reason"} else field.fill(value)
    press(page, "apply-submit")
    inspect(page)
    press(page, "apply-confirm")
    number = page.get_by_test_id("receipt-number").inner_text()
    inspect(page)
    staff = f"{childcare.url}/staff/cases/{number}"
    page.goto(staff)
    inspect(page)
    page.get_by_test_id("staff-password").fill(PASSWORD)
    press(page, "staff-signin")
    page.get_by_test_id("staff-phase").select_option("action_required")
    press(page, "staff-save")
    assert page.get_by_test_id("error").count() == 1
    inspect(page)
    page.get_by_test_id("staff-phase").select_option("action_required")
    page.get_by_test_id("staff-reason").fill("証明書が必要です")
    page.get_by_test_id("staff-act-by").fill("2099-01-31")
    press(page, "staff-save")
    page.locator('[data-testid="staff-delivery"][data-state="sent"]').wait_for()
    page.goto(childcare.url + "/staff")
    inspect(page)
    page.goto(childcare.url + "/applications")
    inspect(page)
    press(page, "case-open")
    inspect(page)
    page.get_by_test_id("respond-text").fill("あす届けます")
    press(page, "respond-submit")
    press(page, "withdraw")
    inspect(page)
    press(page, "withdraw-confirm")
    press(page, "signout")
    assert "/auth/signed-out?state=" in page.url
    inspect(page)
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
    assert page.locator("[data-phase]").first.get_attribute("data-phase") == "received"
    context.close()
