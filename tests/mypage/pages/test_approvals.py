"""What departments ask right now shows on every page of the resident who is asked, and on nobody else's."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import orjson
import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect
from sqlalchemy import update

from idp.audit import AuditEventType, record
from idp.foundation import clock
from idp.foundation.outbox import OutboxRow
from idp.oidc.decoupled.model import BackchannelRequest
from idp.oidc.registration.change_client import switch_client
from mypage.delivery.live.fanout import TOPIC
from tests.mypage.pages.browser import Served, window
from tests.mypage.pages.conftest import Visit, named_resident
from tests.support.browser import Browser
from tests.support.ciba import Desk, answer
from tests.support.readable import check_readable
from tests.support.town import Town

WAITING = 'data-testid="approvals-waiting"'
PAGES = ("/my/", "/my/cases", "/my/notices", "/my/tasks", "/my/settings", "/my/settings/apps", "/my/approvals")


@pytest.fixture
def hanako(town: Town) -> Browser:
    return town.signed_in("hanako")


@pytest.fixture
def desk(town: Town, hanako: Browser) -> Desk:
    """A department that knows Hanako and has just asked."""
    desk = Desk(town)
    asked = desk.ask(login_hint=desk.know(town.resident("hanako")), binding_message="W4SCT")
    assert asked.status_code == 200, asked.text
    return desk


def test_it_is_on_every_page_of_hers_and_on_no_page_of_his(town: Town, hanako: Browser, desk: Desk) -> None:
    taro = town.signed_in("taro")
    for path in PAGES:
        page = hanako.get(path).text
        assert WAITING in page, path
        assert 'href="/approve"' in page
        assert "1 request is waiting for your approval." in page
        assert WAITING not in taro.get(path).text, path
        assert "W4SCT" not in page, "what it is about is said where it is answered"
    japanese = town.browser("ja")
    japanese.sign_in(town.resident("hanako"))
    assert "あなたの返事を待っている確認が1件あります。" in japanese.get("/my/").text


@pytest.mark.parametrize("decision", ["allow", "deny"])
def test_an_answered_one_is_gone(hanako: Browser, desk: Desk, decision: str) -> None:
    assert answer(hanako, decision).status_code == 303
    assert WAITING not in hanako.get("/my/").text


def test_an_expired_one_and_one_of_an_app_that_is_off_are_gone(town: Town, hanako: Browser, desk: Desk) -> None:
    with town.writing() as session:
        switch_client(session, desk.app.client_id, False, "test")
    assert WAITING not in hanako.get("/my/").text
    assert "approve-question" not in hanako.get("/approve").text
    with town.writing() as session:
        switch_client(session, desk.app.client_id, True, "test")
    assert WAITING in hanako.get("/my/").text
    town.change(update(BackchannelRequest).values(expires_at=clock.now() - timedelta(seconds=1)))
    assert WAITING not in hanako.get("/my/").text


def test_open_pages_are_told_in_the_transaction_of_what_happened(town: Town, hanako: Browser, desk: Desk) -> None:
    """By a row of the outbox: not lost with a bus that is away, not told of what was rolled back."""
    resident_id = town.resident("hanako")
    change = {"changes": [{"resident_id": resident_id, "fragments": ["approvals"]}]}
    told = OutboxRow.topic == TOPIC, OutboxRow.payload == orjson.dumps(change).decode()
    assert town.count(OutboxRow, *told) == 1
    assert answer(hanako, "deny").status_code == 303
    assert town.count(OutboxRow, *told) == 2
    with suppress(ZeroDivisionError), town.writing() as session:
        record(session, AuditEventType.APPROVAL_ASKED, resident_id=resident_id, client_id=desk.app.client_id)
        session.flush()
        raise ZeroDivisionError
    assert town.count(OutboxRow, *told) == 2


def test_two_are_counted(any_town: Town) -> None:
    desk, resident = Desk(any_town), any_town.resident("hanako")
    for _ in range(2):
        desk.ask(login_hint=desk.know(resident))
    assert "2 requests are waiting for your approval." in any_town.signed_in("hanako").get("/my/").text


def test_the_fragment_is_for_a_signed_in_resident(town: Town) -> None:
    nobody = town.browser()
    assert nobody.get("/my/approvals").status_code == 303
    assert nobody.get("/my/approvals", headers={"X-Fragment": "1"}).status_code == 401


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_it_appears_and_goes_on_an_open_page(chromium: Chromium, served: Served, visitor: Visit) -> None:
    page = window(chromium, served, visitor).new_page()
    page.goto(served.url + "/my/cases")
    expect(page.locator("[data-live-state]")).to_have_attribute("data-state", "live")
    now = clock.now()
    asked = BackchannelRequest(
        auth_req_digest="0" * 64,
        request_id="r-1",
        resident_id=visitor.resident_id,
        client_id="kodomo",
        scope="openid",
        created_at=now,
        expires_at=now + timedelta(minutes=5),
        interval_seconds=5,
    )
    with served.city.app.app_context(), served.city.parts.database.write() as session:
        session.add(asked)
        record(session, AuditEventType.APPROVAL_ASKED, resident_id=visitor.resident_id, client_id="kodomo")
    expect(page.get_by_test_id("approvals-waiting")).to_be_visible()
    expect(page.locator("#live-announcer")).to_contain_text("確認が1件あります")
    check_readable(page, ("light", 390), ("dark", 390))
    with served.city.app.app_context(), served.city.parts.database.write() as session:
        session.execute(update(BackchannelRequest).values(state="denied"))
        record(session, AuditEventType.APPROVAL_REFUSED, resident_id=visitor.resident_id, client_id="kodomo")
    expect(page.get_by_test_id("approvals-waiting")).to_be_hidden()


@pytest.fixture
def visitor(served: Served) -> Visit:
    return Visit(served.city, named_resident(served.city))
