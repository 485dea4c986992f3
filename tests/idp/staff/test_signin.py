"""Into the desk: one-time link, passkey, short session; and every way that must not lead in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from idp.foundation import clock
from idp.foundation.web.callers import Caller, caller_of
from idp.staff.members import invite, invite_again
from idp.staff.model import StaffPasskey
from idp.staff.roles import Appointment, Role
from tests.support.authenticator import encode
from tests.support.staff import Desk
from tests.support.town import Town


def link(town: Town, *roles: Role) -> tuple[str, str]:
    with town.writing() as session:
        return invite(session, "架空 ひかり", [Appointment(r) for r in roles or [Role.ADMINISTRATOR]], "test")


def attempt(desk: Desk, **how: object) -> TestResponse:
    options = desk.post_json("/staff/signin/options", {}).json
    return desk.post_json("/staff/signin", desk.authenticator.get(options, **how))  # type: ignore[arg-type]


def test_the_link_makes_a_passkey_and_the_passkey_signs_in(town: Town) -> None:
    desk = Desk(town)
    desk.sign_up()
    assert desk.get("/staff/").location == "/desk/"
    assert desk.get("/desk/").location == "/desk/apps"
    assert desk.post("/staff/signout").status_code == 303
    assert desk.get("/desk/apps").location == "/staff/signin?next=/desk/apps"
    desk.sign_in_again()
    assert desk.get("/desk/apps").status_code == 200
    assert [e.type for e in town.events("staff_signed_in")] == ["staff_signed_in"] * 2


def test_a_link_works_once(town: Town) -> None:
    """authentik CVE-2023-46249: the first set-up taken over."""
    _, token = link(town)
    first, second = Desk(town), Desk(town)
    one, two = (d.post_json(f"/staff/enrol/{token}/options", {}).json for d in (first, second))
    assert first.post_json(f"/staff/enrol/{token}", first.authenticator.create(one)).status_code == 201
    assert second.post_json(f"/staff/enrol/{token}", second.authenticator.create(two)).status_code == 410
    assert second.get(f"/staff/enrol/{token}").status_code == 410
    assert town.count(StaffPasskey) == 1


def test_a_link_ends_after_a_day_and_with_a_newer_one(town: Town) -> None:
    staff_id, token = link(town)
    with clock.travelled(timedelta(hours=24, seconds=1)):
        assert Desk(town).get(f"/staff/enrol/{token}").status_code == 410
    with town.writing() as session:
        newer = invite_again(session, staff_id, "test")
    assert Desk(town).get(f"/staff/enrol/{token}").status_code == 410
    assert Desk(town).get(f"/staff/enrol/{newer}").status_code == 200


@pytest.mark.parametrize(("token", "status"), [("x", 410), ("a" * 43, 410), ("a" * 5000, 410), ("%00", 404)])
def test_what_is_no_link(town: Town, token: str, status: int) -> None:
    assert Desk(town).get(f"/staff/enrol/{token}").status_code == status


def test_a_failed_passkey_does_not_use_the_link_up(town: Town) -> None:
    _, token = link(town)
    desk = Desk(town)
    options = desk.post_json(f"/staff/enrol/{token}/options", {}).json
    foreign = desk.authenticator.create(options, origin="https://evil.example")
    assert desk.post_json(f"/staff/enrol/{token}", foreign).status_code == 400
    assert town.count(StaffPasskey) == 0
    assert desk.get(f"/staff/enrol/{token}").status_code == 200
    assert [e.type for e in town.events("staff_refused")] == ["staff_refused"]


@pytest.mark.parametrize(
    "how",
    [
        {"verified": False},
        {"origin": "https://evil.example"},
        {"handle": b"somebody else's handle"},
        {"challenge": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
    ],
    ids=["no user verification", "another origin", "another user", "a challenge of its own"],
)
def test_assertions_that_are_refused(desk: Desk, how: dict[str, object]) -> None:
    desk.post("/staff/signout")
    assert attempt(desk, **how).status_code == 400
    assert desk.get("/desk/apps").status_code == 303


def test_an_assertion_is_good_once(desk: Desk) -> None:
    options = desk.post_json("/staff/signin/options", {}).json
    assertion = desk.authenticator.get(options)
    assert desk.post_json("/staff/signin", assertion).status_code == 200
    assert desk.post_json("/staff/signin", assertion).status_code == 400


def test_an_assertion_of_another_browser(town: Town, desk: Desk) -> None:
    options = desk.post_json("/staff/signin/options", {}).json
    other = Desk(town)
    assert other.post_json("/staff/signin", desk.authenticator.get(options)).status_code == 400


@pytest.mark.parametrize("body", [{}, {"id": 1}, {"id": "x", "response": {}}, {"response": None}])
def test_what_is_no_assertion(desk: Desk, body: dict[str, object]) -> None:
    assert desk.post_json("/staff/signin", body).status_code == 400


def test_client_data_nested_without_end(desk: Desk) -> None:
    options = desk.post_json("/staff/signin/options", {}).json
    assertion = desk.authenticator.get(options)
    assertion["response"]["clientDataJSON"] = encode(b"[" * 100_000)
    assert desk.post_json("/staff/signin", assertion).status_code == 400


def test_the_way_back_leads_to_pages_for_staff_only(desk: Desk) -> None:
    def led_to(target: str) -> str:
        options = desk.post_json("/staff/signin/options", {}).json
        answer = desk.post_json("/staff/signin", desk.authenticator.get(options), query_string={"next": target})
        return str(answer.json["next"])

    for target in ("/desk/keys", "/desk/log?type=not_me", f"/desk/staff/{'a' * 26}"):
        assert led_to(target) == target
    for target in (
        "/my/", "https://evil.example/", "//evil.example/desk/", "/desk/../my/", "/staff/signin", "/nowhere", "/desk/keys/rotate",
        "/desk/keys%00", "/desk/keys/", "/\\evil.example", "/api/events",
    ):  # fmt: skip
        assert led_to(target) == "/staff/", target


def test_the_cookie_is_strict_and_short(desk: Desk) -> None:
    options = desk.post_json("/staff/signin/options", {}).json
    answer = desk.post_json("/staff/signin", desk.authenticator.get(options))
    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if c.startswith("machi_staff="))
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    with clock.travelled(timedelta(minutes=15, seconds=1)):
        assert desk.get("/desk/apps").status_code == 303
    for minutes in range(0, 8 * 60 + 14, 14):
        with clock.travelled(timedelta(minutes=minutes)):
            last = desk.get("/desk/apps").status_code
    assert last == 303, "in use all day, it ends after eight hours"


def test_a_new_sign_in_ends_the_one_before(desk: Desk) -> None:
    before = str(desk.cookie("machi_staff"))
    desk.sign_in_again()
    assert desk.cookie("machi_staff") != before
    desk.set_cookie("machi_staff", before)
    assert desk.get("/desk/apps").status_code == 303


def test_nobody_else_gets_in(town: Town) -> None:
    resident = town.signed_in()
    rules = [r for r in town.app.url_map.iter_rules() if caller_of(town.app, r.endpoint) is Caller.STAFF]
    for rule in rules:
        path = rule.rule.replace("<client_id>", "parks").replace("<staff_id>", "a" * 26)
        if "GET" in (rule.methods or ()):
            assert resident.get(path).status_code == 303
        else:
            assert resident.post(path).status_code == 401


def test_forms_of_another_site_do_nothing(desk: Desk) -> None:
    assert desk.post("/desk/keys/rotate", headers={"Origin": "https://evil.example"}).status_code == 400
    assert desk.post("/desk/keys/rotate", {"csrf_token": "x"}).status_code == 400
    assert desk.town.events("staff_acted") == []
