"""The main job, lived through in a real browser: sign in, consent, apply, follow live, answer, paper, apps, devices, sign out.

Issue by issue the steps of the story; at phone and at desktop width, in both languages.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from idp.foundation import clock
from tests.support.pages import which
from tests.support.server import free_port
from tests.support.waiting import until

from .conftest import ROOT, Demo, start, stop
from .person import Person

pytestmark = [pytest.mark.browser, pytest.mark.servers, pytest.mark.xdist_group("story")]

STAFF_PASSWORD = "mihon-staff"
KEEP_SCREENSHOTS = os.environ.get("KEEP_SCREENSHOTS") == "1"
SHOTS = ROOT / "docs" / "screenshots"


def shot(page: Page, name: str) -> None:
    """Keep a picture for the documentation when asked to (`KEEP_SCREENSHOTS=1`)."""
    if KEEP_SCREENSHOTS:
        page.wait_for_load_state("networkidle") if "live" not in name else None
        page.screenshot(path=SHOTS / f"{name}.png")


@pytest.fixture
def clerk(chromium: Browser, demo: Demo) -> Iterator[Page]:
    """A clerk of the childcare division, signed in to its back office."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="ja-JP")
    page = context.new_page()
    page.set_default_timeout(15_000)
    sign_in_clerk(page, demo.childcare)
    yield page
    context.close()


def sign_in_clerk(page: Page, app: str) -> None:
    page.goto(f"{app}/staff")
    page.get_by_test_id("staff-password").fill(STAFF_PASSWORD)
    page.get_by_test_id("staff-signin").click()


@pytest.mark.parametrize(
    ("card", "width", "height", "locale", "scheme"),
    [("hanako", 390, 844, "ja-JP", "light"), ("midori", 1280, 900, "en-GB", "dark")],
    ids=["phone", "desktop"],
)
def test_the_whole_story(
    chromium: Browser, demo: Demo, clerk: Page, card: str, width: int, height: int, locale: str, scheme: str
) -> None:
    tag = "phone" if width < 768 else "desktop"
    person = Person(
        chromium, demo, card, viewport={"width": width, "height": height}, locale=locale, color_scheme=scheme
    )
    page = person.page
    person.has_authenticator()

    # 2. The childcare app sends them to the provider; the card claims their row of the register; a passkey is made.
    page.goto(demo.childcare)
    person.press("signin")
    expect(page.get_by_test_id("client-name")).to_be_visible()
    shot(page, f"signin-{tag}")
    person.sign_in_first_time(passkey=True)

    # 3. Consent shows the values; the app greets; the benefits app signs them in with its own consent and no sign-in.
    expect(page.get_by_test_id("consent")).to_contain_text("見本県みほん市")
    shot(page, f"consent-{tag}")
    person.allow()
    expect(page.get_by_test_id("greeting")).to_contain_text("見本 花子" if card == "hanako" else "仮名 みどり")
    page.goto(demo.benefits)
    person.press("signin")
    person.allow()
    expect(page.get_by_test_id("greeting")).to_be_visible()
    # The second time there is no page in between at all.
    page.goto(f"{demo.benefits}/auth/login")
    expect(page.get_by_test_id("greeting")).to_be_visible()

    # 4. My page is open in another tab; the application appears there by itself, with its receipt number.
    home = person.context.new_page()
    home.goto(f"{demo.issuer}/my/")
    expect(home.get_by_test_id("nav-home").first).to_be_visible()
    page.goto(demo.childcare)
    receipt = apply_for_allowance(page)
    expect(home.get_by_test_id("recent-case").filter(has_text=receipt)).to_be_visible()
    shot(home, f"home-live-{tag}")

    # 5. The clerk moves it on; timeline and home change while they are open; notice and task come and go.
    home.get_by_test_id("recent-case").filter(has_text=receipt).locator("a").first.click()
    phase = home.get_by_test_id("case-phase")
    expect(phase).to_have_attribute("data-phase", "sent")
    move(clerk, demo, receipt, "received")
    expect(phase).to_have_attribute("data-phase", "received")
    move(clerk, demo, receipt, "in_review")
    expect(phase).to_have_attribute("data-phase", "in_review")
    tasks = count(home, "tasks")
    move(clerk, demo, receipt, "action_required", reason="口座の写しが必要です")
    expect(phase).to_have_attribute("data-phase", "action_required")
    expect(home.get_by_test_id("case-action")).to_be_visible()
    expect(home.get_by_test_id("badge-tasks").first).to_contain_text(str(tasks + 1))
    shot(home, f"case-live-{tag}")
    watching = person.context.new_page()
    watching.goto(f"{demo.issuer}/my/notices")
    expect(watching.get_by_test_id("notice-row").first).to_be_visible()
    shot(watching, f"notices-live-{tag}")
    watching.goto(f"{demo.issuer}/my/tasks")
    expect(watching.get_by_test_id("task-row").filter(has_text=re.compile("児童手当|Child"))).to_be_visible()
    respond(page, demo, receipt)
    expect(phase).to_have_attribute("data-phase", "in_review")
    expect(watching.get_by_test_id("task-row").filter(has_text=re.compile("児童手当|Child"))).to_have_count(0)
    move(clerk, demo, receipt, "decided", outcome="approved", reason="認定しました")
    expect(phase).to_have_attribute("data-phase", "decided")
    watching.close()

    # 7. Apps and devices; ending an app's access works at once: the app asks for consent again.
    home.goto(f"{demo.issuer}/my/settings/apps")
    expect(home.get_by_test_id("app-row")).to_have_count(2)
    shot(home, f"apps-live-{tag}")
    end_app(home, "benefits" if locale.startswith("en") else "給付金")
    expect(home.get_by_test_id("app-row")).to_have_count(1)
    page.goto(f"{demo.benefits}/auth/login")
    expect(page.get_by_test_id("consent")).to_be_visible()
    person.allow()
    expect(page.get_by_test_id("greeting")).to_be_visible()

    # 7. Signing out at the provider signs out of the apps; afterwards the passkey is all it takes.
    home.goto(f"{demo.issuer}/my/settings")
    home.locator('[data-testid="settings-sign-out"]:visible, [data-testid="sign-out"]:visible').first.click()
    expect(home.get_by_test_id("signed-out")).to_be_visible()
    expect_signed_out(page, demo.childcare)
    expect_signed_out(page, demo.benefits)
    person.press("signin")
    # Conditional UI: the virtual authenticator picks the saved passkey as soon as the page offers it, without a press.
    expect(page.get_by_test_id("greeting")).to_be_visible()
    assert person.problems == []
    person.close()


def test_the_whole_story_below_a_path(chromium: Browser) -> None:
    """Provider and apps below paths of their hosts: the same story, and cookies, forms, scripts and streams stay below them."""
    with tempfile.TemporaryDirectory(prefix="machi-demo-") as folder:
        demo = start(free_port(neighbours=3), Path(folder), "/machi")
        try:
            context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="ja-JP")
            clerk = context.new_page()
            clerk.set_default_timeout(15_000)
            sign_in_clerk(clerk, demo.childcare)
            test_the_whole_story(chromium, demo, clerk, "hanako", 390, 844, "ja-JP", "light")
            context.close()
        finally:
            stop(demo)


def test_a_paper_application_stands_beside_the_others(chromium: Browser, demo: Demo) -> None:
    """6. Registered by a clerk before the resident ever signed in, marked as paper; and a device ended from another one."""
    context = chromium.new_context(locale="ja-JP")
    clerk = context.new_page()
    sign_in_clerk(clerk, demo.benefits)
    clerk.goto(f"{demo.benefits}/staff/paper")
    clerk.get_by_test_id("paper-local-number").fill("0000010022")
    clerk.get_by_test_id("paper-procedure").first.select_option(index=0)
    clerk.get_by_test_id("paper-save").click()
    context.close()

    person = Person(chromium, demo, "taro", locale="ja-JP", viewport={"width": 390, "height": 844})
    person.page.goto(f"{demo.issuer}/my/cases")
    person.sign_in_first_time(passkey=False)
    person.page.wait_for_url(f"{demo.issuer}/my/cases")
    rows = person.page.get_by_test_id("case-row")
    expect(rows.filter(has=person.page.get_by_test_id("case-channel")).first).to_be_visible()
    shot(person.page, "cases-paper-live-phone")

    other = Person(chromium, demo, "taro", locale="en-GB", viewport={"width": 1280, "height": 900})
    other.page.goto(f"{demo.issuer}/my/settings/devices")
    other.press("signin-card")
    other.read_card()
    expect(other.page.get_by_test_id("device-row")).to_have_count(2)
    shot(other.page, "devices-live-desktop")
    other.page.get_by_test_id("device-end").first.click()
    expect(other.page.get_by_test_id("device-row")).to_have_count(1)
    person.page.goto(f"{demo.issuer}/my/cases")
    expect(person.page.get_by_test_id("signin-card")).to_be_visible()
    person.close()
    other.close()


def test_without_javascript(chromium: Browser, demo: Demo) -> None:
    """The card is plain forms: the whole way works with scripts switched off; a revoked card is told apart from nothing else."""
    person = Person(chromium, demo, "jiro", java_script_enabled=False, locale="en-GB")
    page = person.page
    page.goto(demo.childcare)
    person.press("signin")
    person.press("signin-card")
    person.read_card()
    person.press("card-return")
    expect(page.get_by_test_id("card-failed")).to_have_attribute("data-kind", "stopped")
    person.close()

    taro = Person(chromium, demo, "taro", java_script_enabled=False, locale="ja-JP")
    taro.page.goto(demo.childcare)
    taro.press("signin")
    taro.press("signin-card")
    taro.read_card()
    taro.press("card-return")
    if (
        which(taro.page, "claim-start", "consent") == "claim-start"
    ):  # unless the test before has opened taro's page already
        taro.press("claim-start")
        taro.read_card(claim=True)
        taro.press("card-return")
        taro.press("passkey-skip")
    taro.allow()
    expect(taro.page.get_by_test_id("greeting")).to_contain_text("例示 太郎")
    taro.close()


# what is pressed ------------------------------------------------------------------------------------------------------------------


def apply_for_allowance(page: Page) -> str:
    """File a child allowance application; returns the receipt number."""
    page.get_by_test_id("apply-child-allowance").first.click()
    form = page.locator("form").filter(has=page.get_by_test_id("apply-submit"))
    for field in form.locator("input:visible:not([type=hidden]), select:visible, textarea:visible").all():
        kind = field.evaluate("e => e.tagName === 'INPUT' ? e.type : e.tagName.toLowerCase()")
        if kind == "select":
            field.select_option(index=1)
        elif kind == "date":
            field.fill("2026-10-01")
        elif kind in ("checkbox", "radio"):
            field.check()
        elif not field.input_value():
            field.fill("0001234" if field.get_attribute("inputmode") == "numeric" else "みほん")
    page.get_by_test_id("apply-submit").click()
    page.get_by_test_id("apply-confirm").click()
    return page.get_by_test_id("receipt-number").inner_text().strip()


def move(clerk: Page, demo: Demo, receipt: str, phase: str, *, reason: str = "", outcome: str = "") -> None:
    """The clerk's next step on a case."""
    clerk.goto(f"{demo.childcare}/staff")
    clerk.get_by_test_id("staff-case-row").filter(has_text=receipt).locator("a").first.click()
    clerk.get_by_test_id("staff-phase").select_option(phase)
    if reason:
        clerk.get_by_test_id("staff-reason").first.fill(reason)
    if phase == "action_required":
        clerk.get_by_test_id("staff-act-by").fill((clock.now() + timedelta(days=10)).date().isoformat())
    if outcome:
        clerk.get_by_test_id("staff-outcome").select_option(outcome)
    clerk.get_by_test_id("staff-save").click()
    expect(clerk.get_by_test_id("error")).to_have_count(0)


def respond(page: Page, demo: Demo, receipt: str) -> None:
    """The resident answers what the department asked."""
    page.goto(f"{demo.childcare}/applications")
    page.get_by_test_id("case-row").filter(has_text=receipt).get_by_test_id("case-open").first.click()
    page.get_by_test_id("respond-text").fill("通帳の写しを添えます。")
    page.get_by_test_id("respond-submit").click()


def count(page: Page, door: str) -> int:
    """What stands beside an entry of the navigation; nothing at zero."""
    badges = page.get_by_test_id(f"badge-{door}").all_inner_texts()
    return int(re.sub(r"\D", "", badges[0])) if badges else 0


def end_app(page: Page, name: str) -> None:
    page.get_by_test_id("app-row").filter(has_text=re.compile(name, re.IGNORECASE)).get_by_test_id("app-end").click()
    page.get_by_test_id("app-end-confirm").click()


def expect_signed_out(page: Page, app: str) -> None:
    """The app shows its sign-in button again; the back-channel may take a moment."""

    def signed_out() -> bool:
        page.goto(app)
        return which(page, "signin", "greeting") == "signin"

    until(signed_out)


assert Path(SHOTS).is_dir()
