"""Members come with a link, get roles and lose them, and leave: what they had opens nothing from that moment on."""

from __future__ import annotations

import json
import threading

import pytest

from idp.staff.members import StaffError, appoint, dismiss, end, invite, invite_again, members
from idp.staff.model import StaffSession
from idp.staff.roles import Appointment, Duty, Role
from tests.support.staff import Desk
from tests.support.town import Town


def test_whoever_leaves_is_out_everywhere_at_once(town: Town, desk: Desk) -> None:
    """Every login in every browser, every link not used yet, and the passkey; nobody else's."""
    leaving, elsewhere = Desk(town), Desk(town)
    staff_id = leaving.sign_up()
    elsewhere.authenticator = leaving.authenticator
    elsewhere.sign_in_again()
    with town.writing() as session:
        token = invite_again(session, staff_id, "test")
    for browser in (leaving, elsewhere):
        assert browser.get("/desk/apps").status_code == 200
    with town.writing() as session:
        end(session, staff_id, "test")
    for browser in (leaving, elsewhere):
        assert browser.get("/desk/apps").status_code == 303
        assert browser.post("/desk/keys/rotate").status_code == 401
    assert town.count(StaffSession, StaffSession.staff_id == staff_id, StaffSession.ended_at.is_(None)) == 0
    assert leaving.get(f"/staff/enrol/{token}").status_code == 410
    assert leaving.post_json(f"/staff/enrol/{token}/options", {}).status_code == 410
    options = leaving.post_json("/staff/signin/options", {}).json
    assert leaving.post_json("/staff/signin", leaving.authenticator.get(options)).status_code == 400
    assert desk.get("/desk/apps").status_code == 200


def test_a_login_of_somebody_who_left_opens_nothing_even_if_its_row_lives(town: Town, desk: Desk) -> None:
    """The two are asked apart: a row written in the very moment, or brought back, is no way in."""
    other = Desk(town)
    staff_id = other.sign_up()
    with town.writing() as session:
        end(session, staff_id, "test")
    town.change(StaffSession.__table__.update().values(ended_at=None))
    assert other.get("/desk/apps").status_code == 303
    assert desk.get("/desk/apps").status_code == 200


def test_a_role_counts_until_it_is_taken_back(town: Town, desk: Desk) -> None:
    auditor = Desk(town)
    staff_id = auditor.sign_up(Role.AUDITOR)
    assert auditor.get("/desk/log").status_code == 200
    assert auditor.get("/desk/apps").status_code == 403
    page = desk.post(f"/desk/staff/{staff_id}/roles", {"role": "clerk", "department": " 子育て　支援課 "})
    assert page.status_code == 303
    assert "子育て 支援課" in desk.get(f"/desk/staff/{staff_id}").text
    assert desk.post(f"/desk/staff/{staff_id}/roles/end", {"named": "auditor"}).status_code == 303
    assert auditor.get("/desk/log").status_code == 403
    with town.parts.database.read() as session:
        (member,) = [m for m in members(session) if m.staff_id == staff_id]
    assert member.appointments == (Appointment(Role.CLERK, "子育て 支援課"),)
    given = [json.loads(e.facts) for e in town.events("staff_appointed")]
    assert {"by": given[-1]["by"], "department": "子育て 支援課", "role": "clerk", "staff": staff_id} == given[-1]
    assert [json.loads(e.facts)["role"] for e in town.events("staff_dismissed")] == ["auditor"]


@pytest.mark.parametrize(
    "form",
    [
        {"role": "clerk"},
        {"role": "clerk", "department": "   "},
        {"role": "administrator", "department": "子育て支援課"},
        {"role": "auditor", "department": "子育て支援課"},
        {"role": "king"},
        {"role": "clerk", "department": "長" * 41},
        {"role": "clerk", "department": "\u202e課"},
        {"role": "clerk", "department": "\x00"},
        {},
    ],
)
def test_what_is_no_appointment(town: Town, desk: Desk, form: dict[str, str]) -> None:
    staff_id = Desk(town).sign_up(Role.AUDITOR)
    before = len(town.events("staff_appointed"))
    assert desk.post(f"/desk/staff/{staff_id}/roles", form).status_code == 400
    invited = {"name": "試験 次郎", "department": form.get("department", "")} | (
        {"roles": form["role"]} if form else {}
    )
    assert desk.post("/desk/staff", invited).status_code == 400
    assert len(town.events("staff_appointed")) == before


def test_the_last_administrator_stays(town: Town) -> None:
    desk = Desk(town)
    staff_id = desk.sign_up()
    with town.writing() as session:  # invited, but has no passkey yet: nobody could let them in again
        invite(session, "架空 ひかり", [Appointment(Role.ADMINISTRATOR)], "test")
    with pytest.raises(StaffError), town.writing() as session:
        end(session, staff_id, "test")
    with pytest.raises(StaffError), town.writing() as session:
        dismiss(session, staff_id, "administrator", "test")
    assert desk.post(f"/desk/staff/{staff_id}/end").status_code == 409
    assert desk.post(f"/desk/staff/{staff_id}/roles/end", {"named": "administrator"}).status_code == 409
    assert desk.get("/desk/staff").status_code == 200


def test_two_administrators_who_end_each_other_leave_one(any_town: Town) -> None:
    ids = [Desk(any_town).sign_up() for _ in range(2)]
    both, failed = threading.Barrier(2), list[Exception]()

    def leave(staff_id: str) -> None:
        both.wait()
        try:
            with any_town.writing() as session:
                end(session, staff_id, "test")
        except StaffError as error:
            failed.append(error)

    threads = [threading.Thread(target=leave, args=(staff_id,)) for staff_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failed) == 1
    with any_town.parts.database.read() as session:
        assert sum(m.counts_as_administrator for m in members(session)) == 1


def test_a_role_given_twice_is_one(town: Town, desk: Desk) -> None:
    staff_id = Desk(town).sign_up(Role.AUDITOR)
    with town.writing() as session:
        appoint(session, staff_id, Appointment(Role.AUDITOR), "test")
    assert [json.loads(e.facts)["staff"] for e in town.events("staff_appointed")].count(staff_id) == 1
    assert desk.post(f"/desk/staff/{'a' * 26}/roles", {"role": "auditor"}).status_code == 400
    assert desk.get(f"/desk/staff/{'a' * 26}").status_code == 404
    assert Duty.RECORD in Appointment(Role.AUDITOR).duties
