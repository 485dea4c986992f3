"""A suspended or closed account: every login ends, no grant of any kind works, apps are told; reinstated, only a new sign-in helps."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from idp.foundation import clock
from idp.foundation.outbox import OutboxRow
from idp.logins.model import LoginSession
from idp.logins.sessions import AccountStoppedError
from idp.oidc.grants.model import Consent, Grant
from idp.oidc.registration.register_client import CityOptions
from idp.oidc.security_events.model import SecurityEvent
from idp.residents.life_cycle import AccountAction
from tests.idp.credentials.test_passkeys import Ready
from tests.idp.oidc.decoupled import test_device_flow as device
from tests.idp.oidc.token_endpoint import test_jwt_bearer as assertions
from tests.idp.oidc.token_endpoint import test_token_exchange as exchanges
from tests.idp.residents.test_life_cycle import do
from tests.support.browser import callback
from tests.support.ciba import Desk
from tests.support.ciba import answer as answer_ciba
from tests.support.people import BIRTH_DATES
from tests.support.subscriber import CREDENTIAL, REVOKED, Subscriber
from tests.support.town import Town

RISC = "https://schemas.openid.net/secevent/risc/event-type/account-"
ALL = [REVOKED, CREDENTIAL, *(f"{RISC}{what}" for what in ("disabled", "enabled", "purged"))]


class Everything:
    """One resident with something of every grant in hand, and each way to use it."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.resident = town.resident()
        self.browser = town.browser()
        self.browser.sign_in(self.resident)
        self.app = town.register()
        self.code = self.browser.code(self.app)
        self.tokens = self.browser.tokens(self.app)
        self.spent = self.browser.tokens(self.app)["refresh_token"]
        assert self.app.refresh(self.spent).status_code == 200
        self.offline = self.browser.tokens(self.app, scope="openid offline_access")
        self.terminal = device.terminal(town)
        self.asked_device, self.agreed_device = device.start(self.terminal), device.start(self.terminal)
        device.answer_on_phone(self.browser, self.agreed_device["user_code"])
        self.desk = Desk(town, options=CityOptions(skip_consent=True))
        self.hint = self.desk.know(self.resident)
        self.agreed_ciba = self.desk.ask(login_hint=self.hint).json["auth_req_id"]
        answer_ciba(self.browser)
        self.asked_ciba = self.desk.ask(login_hint=self.hint).json["auth_req_id"]
        self.offices = exchanges.make_offices(town)
        self.subject = self.browser.tokens(self.offices["childcare"])["access_token"]
        self.exchanged = exchanges.exchange(self.offices["childcare"], self.subject).json["access_token"]
        self.asserting = assertions.register(town, assertions.BOTH)
        self.sub = self.asserting.id_token(self.browser.tokens(self.asserting)["id_token"])["sub"]
        self.asserted = assertions.use(self.asserting, self.sub).json["access_token"]

    def outcomes(self) -> dict[str, Any]:
        """What each use gives now: the error, or None."""
        app, tax = self.app, self.offices["tax"]
        with clock.travelled(timedelta(seconds=6)):
            polled = device.poll(self.terminal, self.agreed_device), self.desk.fetch(self.agreed_ciba)
        answers = {
            "code": app.redeem(self.code),
            "refresh": app.refresh(self.tokens["refresh_token"]),
            "refresh, again within the grace": app.refresh(self.spent),
            "refresh, offline": app.refresh(self.offline["refresh_token"]),
            "device code": polled[0],
            "ciba": polled[1],
            "token exchange": exchanges.exchange(self.offices["childcare"], self.subject),
            "jwt bearer": assertions.use(self.asserting, self.sub),
        }
        found: dict[str, Any] = {name: answer.json.get("error") for name, answer in answers.items()}
        for name, token in (("online", self.tokens), ("offline", self.offline)):
            found[f"userinfo, {name}"] = app.userinfo(token["access_token"]).status_code
            found[f"introspection, {name}"] = app.introspect(token["access_token"])["active"]
        found["introspection, refresh token"] = app.introspect(self.offline["refresh_token"])["active"]
        found["introspection, exchanged"] = tax.introspect(self.exchanged)["active"]
        found["introspection, asserted"] = self.asserting.introspect(self.asserted)["active"]
        found["ciba, asked now"] = self.desk.ask(login_hint=self.hint).json.get("error")
        return found


REFUSED = {
    "code": "invalid_grant",
    "refresh": "invalid_grant",
    "refresh, again within the grace": "invalid_grant",
    "refresh, offline": "invalid_grant",
    "device code": "invalid_grant",
    "ciba": "invalid_grant",
    "token exchange": "invalid_request",
    "jwt bearer": "invalid_grant",
    "userinfo, online": 401,
    "introspection, online": False,
    "userinfo, offline": 401,
    "introspection, offline": False,
    "introspection, refresh token": False,
    "introspection, exchanged": False,
    "introspection, asserted": False,
    "ciba, asked now": "unknown_user_id",
}


def test_nothing_works_while_suspended_nor_afterwards_without_a_new_sign_in(any_town: Town) -> None:
    has = Everything(any_town)
    do(any_town, AccountAction.SUSPEND, has.resident)
    assert has.outcomes() == REFUSED
    assert callback(has.browser.authorize(has.app, prompt="none"))["error"] == "login_required"
    assert has.browser.get("/my/").status_code == 303
    assert any_town.count(LoginSession, LoginSession.ended_at.is_(None)) == 0
    assert any_town.count(Grant, Grant.revoked_at.is_(None)) == 0
    do(any_town, AccountAction.REINSTATE, has.resident)
    # What hung on a login stays dead. Asking, and asserting what the standing consent allows, needs none.
    assert has.outcomes() == REFUSED | {"ciba, asked now": None, "jwt bearer": None}
    has.browser.sign_in(has.resident)
    assert has.app.refresh(has.browser.tokens(has.app)["refresh_token"]).status_code == 200


def test_what_began_in_the_moment_of_the_suspension_does_not_wake_up(town: Town) -> None:
    """A login and a grant written by a request that had looked before: refused while suspended, ended by the reinstatement."""
    from sqlalchemy import update

    has = Everything(town)
    do(town, AccountAction.SUSPEND, has.resident)
    town.change(update(LoginSession).values(ended_at=None))
    town.change(update(Grant).values(revoked_at=None))
    assert has.app.refresh(has.tokens["refresh_token"]).json["error"] == "invalid_grant"
    do(town, AccountAction.REINSTATE, has.resident)
    assert has.app.refresh(has.tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert callback(has.browser.authorize(has.app, prompt="none"))["error"] == "login_required"


def test_closed_ends_the_consents_too(any_town: Town) -> None:
    has = Everything(any_town)
    do(any_town, AccountAction.CLOSE, has.resident)
    assert has.outcomes() == REFUSED
    assert any_town.count(Consent, Consent.ended_at.is_(None)) == 0


def test_apps_that_took_part_are_logged_out(town: Town) -> None:
    app = town.register(backchannel_logout_uri="https://93.184.216.34/bye")
    browser = town.signed_in()
    browser.tokens(app)
    do(town, AccountAction.SUSPEND, town.resident())
    [job] = [row for row in town.rows(OutboxRow) if row.topic == "oidc.backchannel_logout"]
    assert app.client_id in job.payload


# events --------------------------------------------------------------------------------------------------------------


def subscribed(town: Town, **metadata: Any) -> Subscriber:
    me = Subscriber(town, **metadata)
    me.subscribe(events_requested=ALL)
    return me


def heard(me: Subscriber) -> list[tuple[str, Any, Any]]:
    """Type, members and subject of what waits."""
    found = []
    for event in me.fetch():
        [(kind, members)] = event["events"].items()
        found.append((kind.rpartition("/")[2], members, event["sub_id"]))
    return found


def test_each_app_hears_it_by_its_own_sub(any_town: Town) -> None:
    browser, resident = any_town.signed_in(), any_town.resident()
    apps = [subscribed(any_town) for _ in range(2)]
    stranger = subscribed(any_town)
    subs = [me.sub(browser)["sub"] for me in apps]
    assert subs[0] != subs[1]
    do(any_town, AccountAction.SUSPEND, resident, "hijacking")
    do(any_town, AccountAction.REINSTATE, resident)
    do(any_town, AccountAction.CLOSE, resident)
    for me, sub in zip(apps, subs, strict=True):
        user = {"format": "iss_sub", "iss": any_town.issuer, "sub": sub}
        disabled, revoked, enabled, purged = heard(me)
        assert disabled == ("account-disabled", {"reason": "hijacking"}, user)
        assert (revoked[0], revoked[1]["initiating_entity"]) == ("session-revoked", "admin")
        assert enabled == ("account-enabled", {}, user)
        assert purged == ("account-purged", {}, user)
    assert heard(stranger) == []


@pytest.mark.parametrize("reason", ["requested", "misuse", "other"])
def test_reasons_that_no_register_knows_are_the_citys_own(town: Town, reason: str) -> None:
    me, browser = subscribed(town), town.signed_in()
    me.sub(browser)
    do(town, AccountAction.SUSPEND, town.resident(), reason)
    assert heard(me)[0][1] == {}


def test_an_app_whose_access_was_ended_hears_nothing(town: Town) -> None:
    from idp.oidc.grants.revoke import end_app_access

    me, browser, resident = subscribed(town), town.signed_in(), town.resident()
    me.sub(browser)
    with town.writing() as session:
        end_app_access(session, resident, me.app.client_id)
    me.fetch()
    do(town, AccountAction.SUSPEND, town.resident())
    assert heard(me) == []


def test_events_are_of_the_same_transaction(any_town: Town) -> None:
    from idp.residents.life_cycle import change_account
    from tests.idp.residents.test_life_cycle import unified_id

    me, browser = subscribed(any_town), any_town.signed_in()
    me.sub(browser)
    number = unified_id(any_town, any_town.resident())

    def cut_short() -> None:
        with any_town.app.app_context(), any_town.writing() as session:
            change_account(session, number, AccountAction.SUSPEND, "other", "command_line")
            raise RuntimeError("the power fails")

    with pytest.raises(RuntimeError):
        cut_short()
    assert heard(me) == []
    assert any_town.count(SecurityEvent) == 0
    assert any_town.events("account_suspended") == []
    assert browser.get("/my/").status_code == 200


# signing in ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def ready(sqlite_url: str) -> Any:
    with Town(sqlite_url, counter_phone="03-0000-0000") as town:
        yield Ready(town)


def test_a_proven_passkey_is_told_whom_to_call(ready: Ready) -> None:
    do(ready.town, AccountAction.SUSPEND, ready.resident)
    answer = ready.send(ready.phone.get(ready.options()))
    assert (answer.status_code, answer.json["title"]) == (403, "account_suspended")
    for words in ("一時停止", "03-0000-0000", answer.json["reference"]):
        assert words in answer.json["detail"]
    assert ready.browser.cookie("machi_session") is None
    [event] = ready.town.events("sign_in_refused")
    assert event.facts == '{"method":"passkey","state":"suspended"}'


def test_whoever_proves_nothing_learns_nothing(ready: Ready) -> None:
    """A wrong passkey for a suspended account is answered like any wrong passkey."""
    do(ready.town, AccountAction.SUSPEND, ready.resident)
    credential = ready.phone.get(ready.options())
    credential["response"]["signature"] = "AAAA"
    ready.refused(ready.send(credential), "")
    assert ready.town.events("sign_in_refused") == []


@pytest.mark.parametrize("act", [AccountAction.SUSPEND, AccountAction.CLOSE], ids=lambda act: act.value)
def test_a_code_of_the_counter_shows_the_page(ready: Ready, act: AccountAction) -> None:
    """Made before the state changed behind its back: proven all the same."""
    from sqlalchemy import update

    from idp.residents.activation import issue_activation_code
    from idp.residents.model import ActivationCode

    town = ready.town
    with town.writing() as session:
        code = issue_activation_code(session, town.parts.vault, ready.resident, "counter")
    do(town, act, ready.resident)
    town.change(update(ActivationCode).values(used_at=None))
    form = {"code": code, "birth_date": BIRTH_DATES["hanako"]}
    assert (
        "account-stopped" not in ready.browser.post(f"{ready.attempt}/code", form | {"birth_date": "1999-01-01"}).text
    )
    page = ready.browser.post(f"{ready.attempt}/code", form)
    assert page.status_code == 403
    assert 'data-testid="account-stopped"' in page.text
    assert 'href="tel:03-0000-0000"' in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_no_session_starts(town: Town) -> None:
    resident = town.resident()
    do(town, AccountAction.CLOSE, resident)
    with pytest.raises(AccountStoppedError):
        town.browser().sign_in(resident)
    assert town.count(LoginSession) == 0


def test_other_residents_do_not_notice(town: Town) -> None:
    """One resident's suspension is nobody else's."""
    other, app = town.signed_in("taro"), town.register()
    tokens = other.tokens(app)
    do(town, AccountAction.SUSPEND, town.resident("hanako"))
    assert app.refresh(tokens["refresh_token"]).status_code == 200
    assert callback(other.authorize(app, prompt="none"))["code"]
