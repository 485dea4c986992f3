"""A notice about the security of the ID: told on the open page, answered, the passkey stopped; and everybody can read and use it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from idp.audit import AuditEventType, record
from idp.credentials.model import Passkey
from idp.front.storage import clock, new_id
from mypage.notices.model import Notice
from tests.mypage.pages.browser import Served, window
from tests.mypage.pages.conftest import Visit
from tests.mypage.pages.test_in_a_browser import listening
from tests.mypage.pages.test_passkeys_in_a_browser import AUTHENTICATOR, add_passkey, without_suggestions
from tests.support.readable import check_readable

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

HOME = "/my/settings/credentials"


class Device:
    """A window of the resident's (or a thief's) on a device that keeps passkeys."""

    def __init__(self, browser: Browser, served: Served, visit: Visit) -> None:
        self.context = window(browser, served, visit)
        self.page = self.context.new_page()
        devtools = self.context.new_cdp_session(self.page)
        devtools.send("WebAuthn.enable")
        devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        without_suggestions(self.page)


@pytest.fixture
def mine(browser: Browser, served: Served, hanako: Visit) -> Iterator[Page]:
    """The owner's phone, with its passkey."""
    device = Device(browser, served, hanako)
    add_passkey(device.page, served)
    yield device.page
    device.context.close()


@pytest.fixture
def theirs(browser: Browser, served: Served, hanako: Visit, mine: Page) -> Iterator[Page]:
    """Somebody else's computer, on which the owner was left signed in."""
    device = Device(browser, served, Visit(served.city, hanako.resident_id))
    yield device.page
    device.context.close()


def test_a_strangers_passkey_is_seen_and_stopped(mine: Page, theirs: Page, served: Served) -> None:
    listening(mine, served.url + "/my/")
    expect(mine.get_by_test_id("notice-row")).to_have_count(0)  # one's own first passkey is no news
    add_passkey(theirs, served)
    expect(mine.get_by_test_id("notice-row")).to_contain_text("パスキーが追加されました")
    mine.get_by_test_id("notice-row").get_by_role("link").click()
    mine.get_by_test_id("notice-not-me").click()
    mine.get_by_test_id("credential-confirm").click()
    expect(mine.get_by_test_id("credential-done")).to_be_visible()
    expect(mine.locator('[data-testid="credential-row"][data-state="held"]')).to_have_count(1)
    theirs.goto(served.url + "/my/")
    theirs.wait_for_url("**/signin/*")
    theirs.get_by_test_id("signin-passkey").click()
    expect(theirs.locator("[data-passkey-status]")).to_contain_text("このパスキーは停止されています")
    theirs.goto(served.url + "/my/")
    theirs.wait_for_url("**/signin/*")


def test_removing_asks_for_the_passkey_and_comes_back(mine: Page, theirs: Page, served: Served) -> None:
    add_passkey(theirs, served)
    mine.goto(served.url + HOME)
    mine.get_by_test_id("credential-remove").last.click()
    expect(mine.get_by_test_id("credential-change")).to_have_attribute("data-permit", "sign_in_again")
    mine.get_by_test_id("credential-sign-in-again").click()
    expect(mine.get_by_test_id("signin-message")).to_contain_text("もう一度サインイン")
    mine.get_by_test_id("signin-passkey").click()
    mine.wait_for_url("**/remove")
    mine.get_by_test_id("credential-confirm").click()
    expect(mine.get_by_test_id("credential-done")).to_be_visible()
    expect(mine.get_by_test_id("credential-row")).to_have_count(1)
    mine.get_by_test_id("credential-remove").click()
    expect(mine.get_by_test_id("credential-change")).to_have_attribute("data-permit", "last_way_in")


def prepare(visit: Visit) -> list[str]:
    """Two passkeys, one of them stopped, and notices of each shape; the addresses of the pages about them."""
    city = visit.city
    with city.app.app_context(), city.parts.database.write() as session:
        ids = [new_id() for _ in range(2)]
        for credential_id, state in zip(ids, ("active", "held"), strict=True):
            passkey = Passkey(
                credential_id=credential_id,
                resident_id=visit.resident_id,
                webauthn_id=credential_id.encode(),
                public_key=b"-",
                sign_count=0,
                device_type="multi_device",
                backed_up=True,
                aaguid="-",
                label="Chrome · Android",
                state=state,
                created_at=clock.now(),
            )
            session.add(passkey)
        session.flush()
        whose = {"resident_id": visit.resident_id}
        record(session, AuditEventType.REFRESH_TOKEN_REUSED, **whose, client_id="kodomo")
        for credential_id in ids:
            record(session, AuditEventType.PASSKEY_ADDED, **whose, credential=credential_id, device_type="multi_device")
        record(session, AuditEventType.CREDENTIAL_HELD, **whose, credential=ids[1], kind="passkey")
        session.flush()
        notices = {notice.template: notice.notice_id for notice in session.query(Notice)}
    return [
        f"/my/notices/{notices['refresh_reused']}",
        f"/my/notices/{notices['refresh_reused']}/not-me",
        f"/my/notices/{notices['passkey_added']}",
        f"/my/notices/{notices['credential_held']}",
        f"{HOME}?done=hold",
        f"{HOME}/{ids[0]}/hold",
        f"{HOME}/{ids[0]}/remove",
        f"{HOME}/{ids[1]}/release",
    ]


@pytest.mark.parametrize(("scheme", "lang", "width"), [("light", "ja", 320), ("dark", "en", 1280)])
def test_every_page_of_it_passes_axe_and_fits(
    browser: Browser, served: Served, hanako: Visit, scheme: str, lang: str, width: int
) -> None:
    pages = prepare(hanako)
    page = window(browser, served, hanako, scheme, lang, width).new_page()
    for path in pages:
        page.goto(f"{served.url}{path}")
        assert page.url == f"{served.url}{path}"
        check_readable(page, (scheme, width))
