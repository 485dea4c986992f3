"""Into the desk: one-time link, passkey, short session; and every way that must not lead in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from idp.foundation import clock
from idp.foundation.web.callers import Caller, caller_of
from idp.staff.members import StaffError, end, invite, invite_again
from idp.staff.model import Role, StaffPasskey
from tests.support.authenticator import encode
from tests.support.staff import Desk
from tests.support.town import Town


def link(town: Town, *roles: Role) -> tuple[str, str]:
    with town.writing() as session:
        return invite(session, "架空 ひかり", roles or [Role.ADMINISTRATOR], "test")


def attempt(desk: Desk, **how: object) -> TestResponse:
    options = desk.post_json("/desk/signin/options", {}).json
    return desk.post_json("/desk/signin", desk.authenticator.get(options, **how))  # type: ignore[arg-type]


def test_the_link_makes_a_passkey_and_the_passkey_signs_in(town: Town) -> None:
    desk = Desk(town)
    desk.sign_up()
    assert desk.get("/desk/").location == "/desk/apps"
    assert desk.post("/desk/signout").status_code == 303
    assert desk.get("/desk/apps").location == "/desk/signin?next=/desk/apps"
    desk.sign_in_again()
    assert desk.get("/desk/apps").status_code == 200
    assert [e.type for e in town.events("staff_signed_in")] == ["staff_signed_in"] * 2


def test_a_link_works_once(town: Town) -> None:
    """authentik CVE-2023-46249: the first set-up taken over."""
    _, token = link(town)
    first, second = Desk(town), Desk(town)
    one, two = (d.post_json(f"/desk/enrol/{token}/options", {}).json for d in (first, second))
    assert first.post_json(f"/desk/enrol/{token}", first.authenticator.create(one)).status_code == 201
    assert second.post_json(f"/desk/enrol/{token}", second.authenticator.create(two)).status_code == 410
    assert second.get(f"/desk/enrol/{token}").status_code == 410
    assert town.count(StaffPasskey) == 1


def test_a_link_ends_after_a_day_and_with_a_newer_one(town: Town) -> None:
    staff_id, token = link(town)
    with clock.travelled(timedelta(hours=24, seconds=1)):
        assert Desk(town).get(f"/desk/enrol/{token}").status_code == 410
    with town.writing() as session:
        newer = invite_again(session, staff_id, "test")
    assert Desk(town).get(f"/desk/enrol/{token}").status_code == 410
    assert Desk(town).get(f"/desk/enrol/{newer}").status_code == 200


@pytest.mark.parametrize(("token", "status"), [("x", 410), ("a" * 43, 410), ("a" * 5000, 410), ("%00", 404)])
def test_what_is_no_link(town: Town, token: str, status: int) -> None:
    assert Desk(town).get(f"/desk/enrol/{token}").status_code == status


def test_a_failed_passkey_does_not_use_the_link_up(town: Town) -> None:
    _, token = link(town)
    desk = Desk(town)
    options = desk.post_json(f"/desk/enrol/{token}/options", {}).json
    foreign = desk.authenticator.create(options, origin="https://evil.example")
    assert desk.post_json(f"/desk/enrol/{token}", foreign).status_code == 400
    assert town.count(StaffPasskey) == 0
    assert desk.get(f"/desk/enrol/{token}").status_code == 200
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
    desk.post("/desk/signout")
    assert attempt(desk, **how).status_code == 400
    assert desk.get("/desk/apps").status_code == 303


def test_an_assertion_is_good_once(desk: Desk) -> None:
    options = desk.post_json("/desk/signin/options", {}).json
    assertion = desk.authenticator.get(options)
    assert desk.post_json("/desk/signin", assertion).status_code == 200
    assert desk.post_json("/desk/signin", assertion).status_code == 400


def test_an_assertion_of_another_browser(town: Town, desk: Desk) -> None:
    options = desk.post_json("/desk/signin/options", {}).json
    other = Desk(town)
    assert other.post_json("/desk/signin", desk.authenticator.get(options)).status_code == 400


@pytest.mark.parametrize("body", [{}, {"id": 1}, {"id": "x", "response": {}}, {"response": None}])
def test_what_is_no_assertion(desk: Desk, body: dict[str, object]) -> None:
    assert desk.post_json("/desk/signin", body).status_code == 400


def test_client_data_nested_without_end(desk: Desk) -> None:
    options = desk.post_json("/desk/signin/options", {}).json
    assertion = desk.authenticator.get(options)
    assertion["response"]["clientDataJSON"] = encode(b"[" * 100_000)
    assert desk.post_json("/desk/signin", assertion).status_code == 400


def test_the_way_back_stays_in_the_desk(desk: Desk) -> None:
    for target in ("/my/", "https://evil.example/", "//evil.example/desk/", "/desk/../my/"):
        options = desk.post_json("/desk/signin/options", {}).json
        answer = desk.post_json("/desk/signin", desk.authenticator.get(options), query_string={"next": target})
        assert answer.json["next"].startswith("/desk/")


def test_the_cookie_is_strict_and_short(desk: Desk) -> None:
    options = desk.post_json("/desk/signin/options", {}).json
    answer = desk.post_json("/desk/signin", desk.authenticator.get(options))
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


def test_an_ended_member_is_out_at_once(town: Town, desk: Desk) -> None:
    other = Desk(town)
    staff_id = other.sign_up()
    assert other.get("/desk/apps").status_code == 200
    with town.writing() as session:
        end(session, staff_id, "test")
    assert other.get("/desk/apps").status_code == 303
    assert attempt(other).status_code == 400


def test_the_last_administrator_stays(town: Town) -> None:
    desk = Desk(town)
    staff_id = desk.sign_up()
    link(town)  # invited, but has no passkey yet: nobody could let them in again
    with pytest.raises(StaffError), town.writing() as session:
        end(session, staff_id, "test")
    assert desk.post(f"/desk/staff/{staff_id}/end").status_code == 409
    assert desk.get("/desk/staff").status_code == 200


def test_other_roles_do_not_get_the_administrators_pages(town: Town) -> None:
    registrar = Desk(town)
    registrar.sign_up(Role.REGISTRAR, Role.DEPARTMENT)
    assert registrar.get("/desk/").status_code == 200
    rules = [r for r in town.app.url_map.iter_rules() if caller_of(town.app, r.endpoint) is Caller.STAFF]
    assert len(rules) > 15
    for rule in rules:
        if rule.endpoint in ("desk.home", "staff.signout"):
            continue
        path = rule.rule.replace("<client_id>", "parks").replace("<staff_id>", "a" * 26)
        answer = registrar.get(path) if "GET" in (rule.methods or ()) else registrar.post(path)
        assert answer.status_code == 403, path


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
