"""The desk as staff use it: a link, a passkey, every page at two widths and in both schemes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from idp.staff.members import invite
from idp.staff.model import Staff
from idp.staff.roles import Appointment, Role
from tests.support.readable import check_readable
from tests.support.town import Town

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def page(chromium: Browser, served_town: Town) -> Iterator[Page]:
    """In the desk, by a link and a passkey made just now."""
    with served_town.writing() as session:
        _, token = invite(session, "仮名 みどり", [Appointment(Role.ADMINISTRATOR)], "test")
    context = chromium.new_context(locale="ja-JP", reduced_motion="reduce")
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    page.goto(f"{served_town.issuer}/staff/enrol/{token}")
    page.get_by_test_id("desk-enrol").click()
    page.wait_for_url("**/desk/apps")
    yield page
    context.close()


def test_out_and_in_again_with_the_passkey(page: Page, served_town: Town) -> None:
    page.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = async () => false")
    page.get_by_test_id("desk-signout").click()
    page.wait_for_url("**/staff/signin")
    page.goto(f"{served_town.issuer}/desk/keys")
    page.get_by_test_id("desk-signin").click()
    page.wait_for_url("**/desk/keys")


def test_a_secret_from_the_form_to_the_box(page: Page, served_town: Town) -> None:
    app = served_town.register()
    page.goto(f"{served_town.issuer}/desk/apps/{app.client_id}")
    page.get_by_test_id("desk-app-secret").click()
    page.get_by_test_id("desk-secret-make").click()
    expect(page.get_by_test_id("desk-secret")).to_have_text(re.compile(r"^[\w-]{43}$"))


def test_every_page_passes_axe_and_fits(page: Page, served_town: Town) -> None:
    app = served_town.register()
    one = f"apps/{app.client_id}"
    for path in (
        "apps",
        "apps/new",
        one,
        f"{one}/edit",
        f"{one}/policy",
        f"{one}/secret",
        f"{one}/switch",
        "keys",
        "tokens",
        "log",
        "log/refused",
        "staff",
        f"staff/{served_town.rows(Staff)[0].staff_id}",
    ):
        page.goto(f"{served_town.issuer}/desk/{path}")
        check_readable(page, ("light", 1280), ("dark", 320))
