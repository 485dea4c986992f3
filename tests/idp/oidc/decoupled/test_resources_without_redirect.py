"""Resource indicators (RFC 8707) in the device flow and CIBA: asked for, said on the page, agreed to, one department a token."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from idp.oidc.decoupled.model import BackchannelRequest, DeviceAuthorization
from idp.oidc.grants.model import Consent
from tests.conftest import sqlite_copy
from tests.idp.oidc.decoupled.test_device_flow import DEVICE, answer_on_phone, terminal
from tests.idp.oidc.resources.test_resource_indicators import CARE, SCOPE, TAX, TAX2, TAX_READ, make_offices, policy
from tests.support.apps import App
from tests.support.browser import Browser
from tests.support.ciba import CIBA, Desk, answer
from tests.support.town import Town

ALLOWED = {TAX: ["tax:read"], CARE: ["care:read"]}
READING = "See your tax records (税務課)"


class Terminal:
    """A device: it gets a code, which the resident types."""

    def __init__(self, town: Town) -> None:
        self.app: App = terminal(town)
        self.begun: dict[str, Any] = {}

    def ask(self, resources: list[str], scope: str = SCOPE) -> Any:
        found = self.app.town.app.test_client().post(
            "/device_authorization", data={"client_id": self.app.client_id, "scope": scope, "resource": resources}
        )
        self.begun = found.json
        return found

    def page(self, browser: Browser) -> str:
        return browser.post("/device", {"user_code": self.begun["user_code"]}).text

    def answer(self, browser: Browser, decision: str = "allow") -> None:
        answer_on_phone(browser, self.begun["user_code"], decision)

    def fetch(self, resource: str | None = None) -> Any:
        form: dict[str, str | None] = {"grant_type": DEVICE, "device_code": self.begun["device_code"]}
        return self.app.post("/token", form | {"resource": resource})

    def refresh(self, token: str, resource: str) -> Any:
        return self.app.refresh(token, resource=resource)


class Staff:
    """A department's staff: the resident is asked on their own page. `signed`: the question is one JWT."""

    def __init__(self, town: Town, signed: bool = False) -> None:
        self.desk = Desk(town, signed=signed)
        self.app = self.desk.app
        self.sub = self.desk.know(town.resident())
        self.asked: dict[str, Any] = {}

    def ask(self, resources: list[str], scope: str = SCOPE) -> Any:
        if self.desk.signed:
            parameters: dict[str, Any] = {"scope": scope, "login_hint": self.sub, "resource": resources or None}
            found = self.desk.post("/backchannel_authentication", self.desk.form(parameters))
        else:
            found = self.desk.ask(scope=scope, login_hint=self.sub, resource=" ".join(resources))
        self.asked = found.json
        return found

    def page(self, browser: Browser) -> str:
        return browser.get("/approve").text

    def answer(self, browser: Browser, decision: str = "allow") -> None:
        assert answer(browser, decision).status_code == 303

    def fetch(self, resource: str | None = None) -> Any:
        form = {"grant_type": CIBA, "auth_req_id": self.asked["auth_req_id"]} | self.desk.authentication()
        return self.desk.post("/token", form | ({"resource": resource} if resource else {}))

    def refresh(self, token: str, resource: str) -> Any:
        form = {"grant_type": "refresh_token", "refresh_token": token, "resource": resource}
        return self.desk.post("/token", form | self.desk.authentication())


Asker = Terminal | Staff
KINDS: dict[str, Callable[[Town], Asker]] = {
    "device": Terminal,
    "ciba": Staff,
    "ciba signed": lambda town: Staff(town, signed=True),
}


class Departments:
    """One town with a tax and a care office, and a signed-in resident."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.offices = make_offices(town)
        self.browser = town.signed_in()

    def asker(self, kind: str) -> Asker:
        asker = KINDS[kind](self.town)
        policy(self.town, asker.app, may_request=ALLOWED)
        return asker


@pytest.fixture(scope="module")
def departments(template: Any) -> Iterator[Departments]:
    with sqlite_copy(template[0]) as url, Town(url, attempt_limit="100000/minute") as town:
        yield Departments(town)


kinds = pytest.mark.parametrize("kind", list(KINDS))


@kinds
def test_the_whole_way(departments: Departments, kind: str) -> None:
    town, tax, care = departments.town, departments.offices["tax"], departments.offices["care"]
    asker = departments.asker(kind)
    assert asker.ask([town.issuer, TAX, CARE]).status_code == 200
    page = asker.page(departments.browser)
    assert READING in page
    assert "See your care records (care)" in page
    asker.answer(departments.browser)
    first = asker.fetch(TAX)
    assert first.status_code == 200, first.text
    assert first.json["scope"] == "tax:read"
    seen = tax.introspect(first.json["access_token"])
    assert (seen["active"], seen["aud"], seen["scope"]) == (True, [TAX], "tax:read")
    assert care.introspect(first.json["access_token"]) == {"active": False}
    assert asker.app.userinfo(first.json["access_token"]).status_code == 401
    second = asker.refresh(first.json["refresh_token"], CARE).json
    other = care.introspect(second["access_token"])
    assert other["active"] is True
    assert other["sub"] != seen["sub"]
    own = asker.refresh(second["refresh_token"], town.issuer).json
    assert own["scope"] == "openid profile"
    mine = asker.app.userinfo(own["access_token"]).json
    assert mine["name"] == "見本 花子"
    assert mine["sub"] not in (seen["sub"], other["sub"])
    (consent,) = town.rows(Consent, Consent.client_id == asker.app.client_id)
    assert {f"resource:{TAX}", f"resource:{CARE}", "tax:read", "care:read"} <= set(consent.scope.split())
    assert READING in departments.browser.get("/my/settings/apps").text


@kinds
def test_without_a_part_the_first_named_is_meant(departments: Departments, kind: str) -> None:
    asker = departments.asker(kind)
    asker.ask([CARE, TAX])
    asker.answer(departments.browser)
    body = asker.fetch().json
    assert body["scope"] == "care:read"
    assert departments.offices["care"].introspect(body["access_token"])["aud"] == [CARE]


@kinds
def test_more_than_was_agreed_to_is_refused_and_uses_nothing_up(departments: Departments, kind: str) -> None:
    asker = departments.asker(kind)
    asker.ask([TAX])
    assert asker.fetch(CARE).json["error"] == "invalid_target", "also before the answer"
    asker.answer(departments.browser)
    for resource in (CARE, departments.town.issuer, f"{TAX} {CARE}", "https://nobody.example/", f"{TAX}#x", "tax"):
        refused = asker.fetch(resource)
        assert (refused.status_code, refused.json["error"]) == (400, "invalid_target"), resource
    body = asker.fetch(TAX).json
    assert departments.offices["tax"].introspect(body["access_token"])["active"] is True
    assert asker.refresh(body["refresh_token"], CARE).json["error"] == "invalid_target"


@kinds
def test_who_asked_for_none_gets_none(departments: Departments, kind: str) -> None:
    asker = departments.asker(kind)
    asker.ask([])
    assert READING not in asker.page(departments.browser)
    asker.answer(departments.browser)
    assert asker.fetch(TAX).json["error"] == "invalid_target"
    body = asker.fetch(departments.town.issuer).json
    assert body["scope"] == "openid profile", "scopes of departments mean nothing without their API"


@kinds
@pytest.mark.parametrize(
    ("resources", "scope", "error"),
    [
        (["https://nobody.example/"], SCOPE, "invalid_target"),
        ([TAX, "https://nobody.example/"], SCOPE, "invalid_target"),
        (["tax"], SCOPE, "invalid_target"),
        ([f"{TAX}#x"], SCOPE, "invalid_target"),
        ([f"{TAX}/"], SCOPE, "invalid_target"),
        ([f"https://tax.example/{n}" for n in range(11)], SCOPE, "invalid_target"),
        ([TAX], "openid", "invalid_scope"),
        ([TAX], "openid care:read", "invalid_scope"),
        ([TAX], "tax:read", "invalid_scope"),
    ],
    ids=["nobody's", "one of two", "no address", "fragment", "slash", "too many", "no scope", "another's", "no openid"],
)
def test_what_may_not_be_asked(
    departments: Departments, kind: str, resources: list[str], scope: str, error: str
) -> None:
    asker = departments.asker(kind)
    answer = asker.ask(resources, scope)
    assert (answer.status_code, answer.json["error"]) == (400, error)
    table = DeviceAuthorization if kind == "device" else BackchannelRequest
    assert departments.town.count(table, table.client_id == asker.app.client_id) == 0


@kinds
def test_an_app_that_the_city_did_not_allow(departments: Departments, kind: str) -> None:
    asker = departments.asker(kind)
    policy(departments.town, asker.app, may_request={CARE: ["care:read"]})
    assert asker.ask([TAX]).json["error"] == "invalid_target"


@kinds
def test_what_the_city_takes_back_before_the_answer_is_not_agreed_to(departments: Departments, kind: str) -> None:
    asker = departments.asker(kind)
    asker.ask([TAX])
    policy(departments.town, asker.app)
    if isinstance(asker, Terminal):
        assert answer_on_phone(departments.browser, asker.begun["user_code"]).status_code == 400
    else:
        assert answer(departments.browser).status_code == 410
    assert asker.fetch(TAX).json["error"] == "authorization_pending"
    assert departments.town.count(Consent, Consent.client_id == asker.app.client_id) == 0
    asker.answer(departments.browser, "deny")
    policy(departments.town, asker.app, may_request=ALLOWED)
    assert asker.fetch(TAX).json["error"] == "access_denied"


@kinds
def test_another_app_learns_nothing_of_a_request(departments: Departments, kind: str) -> None:
    """Whether it is there, and which APIs it is for, is told to nobody but the app that made it."""
    asker, thief = departments.asker(kind), departments.asker(kind)
    asker.ask([TAX])
    asker.answer(departments.browser)
    thief.ask([CARE])
    if isinstance(asker, Terminal) and isinstance(thief, Terminal):
        thief.begun = asker.begun
    elif isinstance(asker, Staff) and isinstance(thief, Staff):
        thief.asked = asker.asked
    for resource in (TAX, CARE, None):
        assert thief.fetch(resource).json["error"] == "invalid_grant"
    assert asker.fetch(TAX).status_code == 200


@kinds
def test_a_refusal_gives_no_token_for_any_api(departments: Departments, kind: str) -> None:
    asker = departments.asker(kind)
    asker.ask([TAX])
    asker.answer(departments.browser, "deny")
    assert asker.fetch(TAX).json["error"] == "access_denied"
    assert departments.town.count(Consent, Consent.client_id == asker.app.client_id) == 0


def test_in_a_signed_request_it_is_texts_only(departments: Departments) -> None:
    staff = Staff(departments.town, signed=True)
    for value in ({"a": 1}, [1], 7, [], ""):
        parameters: dict[str, Any] = {"scope": SCOPE, "login_hint": staff.sub, "resource": value}
        answer = staff.desk.post("/backchannel_authentication", staff.desk.form(parameters))
        assert answer.json["error"] == "invalid_request", json.dumps(value)


@kinds
def test_an_api_that_is_gone_uses_no_answer_up(departments: Departments, kind: str) -> None:
    asker, tax = departments.asker(kind), departments.offices["tax"]
    asker.ask([TAX])
    asker.answer(departments.browser)
    policy(departments.town, tax)
    assert asker.fetch().json["error"] == "invalid_target"
    assert asker.fetch(TAX).json["error"] == "invalid_target"
    policy(departments.town, tax, resource_indicators={TAX: TAX_READ, TAX2: TAX_READ})
    assert asker.fetch(TAX).status_code == 200
