"""Who may do what is one table; a route for staff names what it is for, and is open to exactly those who have it."""

from __future__ import annotations

import pytest

from idp.foundation.web.callers import Caller, caller_of
from idp.staff.roles import ROLES, Appointment, AppointmentError, Duty, Reach, Role, read_appointment
from idp.staff.sessions import StaffLogin
from tests.support.staff import Desk
from tests.support.town import Town

EVERYBODYS = {"staff.home", "staff.signout"}


def staff_routes(town: Town) -> list[tuple[str, str, str]]:
    """`(endpoint, method, path)` of each route for staff."""
    found = []
    for rule in town.app.url_map.iter_rules():
        if caller_of(town.app, rule.endpoint) is Caller.STAFF:
            path = rule.rule.replace("<client_id>", "parks").replace("<staff_id>", "a" * 26)
            found.append((rule.endpoint, "GET" if "GET" in (rule.methods or ()) else "POST", path))
    return found


def test_the_table_is_whole() -> None:
    assert set(ROLES) == set(Role)
    held = [duty for kind in ROLES.values() for duty in kind.duties]
    assert set(held) == set(Duty), "a duty that nobody has opens nothing"
    assert all(kind.reaches for kind in ROLES.values())
    assert not ROLES[Role.SUPERVISOR].duties & ROLES[Role.REGISTRAR].duties, "a second pair of eyes is another's"


def test_every_route_for_staff_names_a_duty(town: Town) -> None:
    routes = staff_routes(town)
    assert len(routes) > 15
    for endpoint, _, path in routes:
        named = getattr(town.app.view_functions[endpoint], "__machi_duties__", frozenset())
        assert bool(named) != (endpoint in EVERYBODYS), path


@pytest.mark.parametrize("role", Role)
def test_a_role_opens_what_its_duties_name_and_nothing_else(town: Town, role: Role) -> None:
    member = Desk(town)
    member.sign_up(role)
    for endpoint, method, path in sorted(staff_routes(town), key=lambda route: route[0] == "staff.signout"):
        named = getattr(town.app.view_functions[endpoint], "__machi_duties__", frozenset())
        answer = member.get(path) if method == "GET" else member.post(path)
        open_to_them = endpoint in EVERYBODYS or named & Appointment(role).duties
        assert (answer.status_code != 403) == bool(open_to_them), path


def test_a_role_counts_where_it_was_given() -> None:
    city, childcare = Appointment(Role.REGISTRAR), Appointment(Role.REGISTRAR, "子育て支援課")
    login = StaffLogin("a", "b", "仮名 みどり", frozenset({childcare, Appointment(Role.CLERK, "福祉課")}))
    assert login.may(Duty.RESIDENTS)
    assert login.may_in(Duty.RESIDENTS, "子育て支援課")
    assert not login.may_in(Duty.RESIDENTS, "福祉課")
    assert login.may_in(Duty.CASES, "福祉課")
    assert not login.may_in(Duty.CASES, "")
    assert not login.may()
    everywhere = StaffLogin("a", "b", "仮名 みどり", frozenset({city}))
    assert everywhere.may_in(Duty.RESIDENTS, "福祉課")


@pytest.mark.parametrize("role", Role)
def test_a_role_beyond_its_reach_opens_nothing(role: Role) -> None:
    """As of a row that the version before left, or that somebody wrote behind our back."""
    for given in (Appointment(role), Appointment(role, "福祉課")):
        assert bool(given.duties) == (given.reach in ROLES[role].reaches)
        if not given.duties:
            with pytest.raises(AppointmentError):
                read_appointment(str(given))
        else:
            assert read_appointment(str(given)) == given
    assert not Appointment(Role.CLERK).duties
    assert ROLES[Role.CLERK].reaches == {Reach.DEPARTMENT}
