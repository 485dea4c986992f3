"""A room above, such as my page, declares routes for staff through the provider's front: sign-in and back, 403, or the member."""

from __future__ import annotations

import pytest
from flask import Blueprint

from idp.front.staff import Appointment, Duty, Role, current_staff, require_department, require_staff
from idp.staff.members import appoint
from tests.support.staff import Desk
from tests.support.town import Town

pages = Blueprint("departments_pages", __name__, url_prefix="/departments")


@pages.get("/<department>/cases")
@require_staff(Duty.CASES)
def cases(department: str) -> str:
    """As my page will have it: which member of staff, with which role?"""
    member = require_department(Duty.CASES, department)
    assert member == current_staff()
    return f"{member.name}: {', '.join(sorted(map(str, member.appointments)))}"


PAGE = "/departments/福祉課/cases"


@pytest.fixture
def city(town: Town) -> Town:
    town.app.register_blueprint(pages)
    return town


def clerk(city: Town, *departments: str) -> Desk:
    desk = Desk(city)
    staff_id = desk.sign_up(Role.CLERK)
    with city.writing() as session:
        for department in departments:
            appoint(session, staff_id, Appointment(Role.CLERK, department), "test")
    return desk


def test_without_a_login_to_the_sign_in_and_back(city: Town) -> None:
    desk = clerk(city, "福祉課")
    desk.post("/staff/signout")
    sent = desk.get(PAGE)
    assert sent.status_code == 303
    assert sent.location.startswith("/staff/signin?next=/departments/")
    page = desk.get(sent.location)
    assert "departments" in page.text
    options = desk.post_json("/staff/signin/options", {}).json
    query = sent.location.partition("?")[2]
    answer = desk.post_json(f"/staff/signin?{query}", desk.authenticator.get(options))
    assert answer.json["next"].startswith("/departments/")
    back = desk.get(answer.json["next"])
    assert (back.status_code, "仮名 みどり" in back.text) == (200, True)


def test_the_right_role_gets_the_member(city: Town) -> None:
    answer = clerk(city, "福祉課").get(PAGE)
    assert answer.text == "仮名 みどり: clerk, clerk:福祉課"


@pytest.mark.parametrize("role", [r for r in Role if r is not Role.CLERK])
def test_another_role_gets_a_page_that_says_so(city: Town, role: Role) -> None:
    desk = Desk(city)
    desk.sign_up(role)
    answer = desk.get(PAGE)
    assert answer.status_code == 403
    assert "Your role does not open this page." in answer.text
    assert desk.get(PAGE, headers={"Accept": "application/json"}).json["title"] == "role_needed"


def test_another_department_and_none_get_nothing(city: Town) -> None:
    assert clerk(city, "子育て支援課").get(PAGE).status_code == 403
    assert clerk(city).get(PAGE).status_code == 403, "a clerk of no department yet"


def test_a_resident_is_no_member_of_staff(city: Town) -> None:
    assert city.signed_in().get(PAGE).location.startswith("/staff/signin")
