"""The back office: who gets in, how a case moves, what is shown of delivery, paper."""

from __future__ import annotations

import pytest

from tests.clients.office.conftest import PASSWORD, Site, apply
from tests.clients.tiny_provider import TinyProvider
from tests.support.waiting import until


def test_a_case_moves_from_received_to_completed_and_can_be_reopened(childcare: Site, provider: TinyProvider) -> None:
    number = apply(childcare.visitor().sign_in())
    staff = childcare.visitor().staff()
    assert number in staff.get("/staff").text
    for phase, fields in (
        ("received", {}),
        ("in_review", {}),
        ("on_hold", {"reason_ja": "他市に照会中"}),
        ("decided", {"outcome": "approved"}),
        ("completed", {}),
        ("in_review", {}),
    ):
        assert staff.move(number, phase, **fields).status_code == 200
    until(lambda: len(provider.of(number)) == 7)
    events = provider.of(number)
    data = [event["data"] for event in events]
    assert [item["phase"] for item in data] == [
        "sent", "received", "in_review", "on_hold", "decided", "completed", "in_review",
    ]  # fmt: skip
    assert [int(event["sequence"]) for event in events] == list(range(1, 8))
    assert data[3]["waiting_on"] == "third_party"
    assert data[4]["outcome"] == data[5]["outcome"] == "approved"
    assert data[4]["label"] == {"ja": "利用内定", "en": "Place offered"}
    assert [step["state"] for step in data[4]["steps"]] == ["done", "done", "done", "current", "upcoming"]
    assert [step["state"] for step in data[5]["steps"]] == ["done"] * 5
    assert "reopened" not in data[5]
    assert data[6]["reopened"] is True
    assert "outcome" not in data[6]


@pytest.mark.parametrize(
    ("phase", "fields"),
    [
        ("action_required", {"act_by": "2099-01-01"}),
        ("action_required", {"reason_ja": "書類", "act_by": ""}),
        ("action_required", {"reason_ja": "書類", "act_by": "2001-01-01"}),
        ("action_required", {"reason_ja": "書類", "act_by": "soon"}),
        ("decided", {}),
        ("decided", {"outcome": "rejected"}),
        ("decided", {"outcome": "nonsense"}),
        ("completed", {}),
        ("sent", {}),
        ("nonsense", {}),
        ("in_review", {"reason_ja": "番号 123456789018"}),
    ],
)
def test_moves_that_are_refused_change_nothing(
    childcare: Site, provider: TinyProvider, phase: str, fields: dict[str, str]
) -> None:
    number = apply(childcare.visitor().sign_in())
    staff = childcare.visitor().staff()
    answer = staff.move(number, phase, **fields)
    assert answer.status_code == 422
    assert 'data-testid="error"' in answer.text
    assert "123456789018" not in answer.text
    assert [item.type for item in childcare.office.reporter.deliveries(number)] == ["jp.machi.case.status.v1"]


def test_two_clerks_do_not_overwrite_each_other(childcare: Site) -> None:
    number = apply(childcare.visitor().sign_in())
    staff = childcare.visitor().staff()
    path = f"/staff/cases/{number}"
    answer = staff.post(path, {"phase": "received", "seen": "2001-01-01T00:00:00.000+09:00"}, form=path)
    assert answer.status_code == 409


def test_pages_of_staff_need_the_staff_sign_in(childcare: Site) -> None:
    number = apply(childcare.visitor().sign_in())
    visitor = childcare.visitor().sign_in()
    for path in (
        "/staff",
        f"/staff/cases/{number}",
        f"/staff/cases/{number}/delivery",
        "/staff/delivery",
        "/staff/paper",
    ):
        answer = visitor.get(path, allow_redirects=False)
        assert answer.status_code == 303
        assert answer.headers["Location"].startswith("/staff/signin")
    answer = visitor.post(f"/staff/cases/{number}", {"phase": "decided", "outcome": "approved"}, allow_redirects=False)
    assert answer.headers["Location"].startswith("/staff/signin")
    assert len(childcare.office.reporter.deliveries(number)) == 1


def test_staff_sign_in_is_limited(childcare: Site) -> None:
    visitor = childcare.visitor()
    for _ in range(5):
        answer = visitor.post("/staff/signin", {"staff_name": "x", "password": "wrong"}, form="/staff/signin")
        assert answer.status_code == 403
    right = {"staff_name": "x", "password": PASSWORD}
    answer = visitor.post("/staff/signin", right, form="/staff/signin")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert visitor.get("/staff", allow_redirects=False).status_code == 303


def test_without_a_password_the_back_office_is_closed(childcare: Site) -> None:
    form = childcare.visitor()
    token = form.token("/staff/signin")
    childcare.app.config["STAFF_PASSWORD"] = ""
    assert form.get("/staff/signin").status_code == 503
    data = {"staff_name": "x", "password": "", "csrf_token": token}
    assert form.browser.post(form.url + "/staff/signin", data=data).status_code == 403


def test_a_new_password_ends_staff_sessions(childcare: Site) -> None:
    staff = childcare.visitor().staff()
    assert staff.get("/staff", allow_redirects=False).status_code == 200
    childcare.app.config["STAFF_PASSWORD"] = "another"
    assert staff.get("/staff", allow_redirects=False).status_code == 303


def test_after_sign_in_staff_only_go_to_staff_pages(childcare: Site) -> None:
    staff = childcare.visitor()
    data = {"staff_name": "x", "password": PASSWORD}
    for target in ("https://evil.example/", "//evil.example/staff", "/applications"):
        path = f"/staff/signin?next={target}"
        assert staff.post(path, data, form="/staff/signin").url == childcare.url + "/staff"


def test_filters(childcare: Site) -> None:
    visitor = childcare.visitor().sign_in()
    first, second = apply(visitor), apply(visitor)
    staff = childcare.visitor().staff()
    staff.move(first, "received")
    received = staff.get("/staff?phase=received").text
    assert first in received
    assert second not in received
    assert second in staff.get(f"/staff?words={second}").text
    assert first not in staff.get("/staff?words=%25").text
    assert first not in staff.get("/staff?procedure=child-allowance").text


def test_delivery_is_shown_as_it_is(childcare: Site, provider: TinyProvider) -> None:
    number = apply(childcare.visitor().sign_in())
    staff = childcare.visitor().staff()
    until(lambda: 'data-testid="staff-delivery" data-state="sent"' in staff.get(f"/staff/cases/{number}").text)
    provider.refuse[number] = {"status": 422, "title": "Unknown phase"}
    staff.move(number, "received")
    until(lambda: 'data-state="rejected"' in staff.get(f"/staff/cases/{number}/delivery").text)
    assert "422 Unknown phase" in staff.get(f"/staff/cases/{number}").text
    assert "422 Unknown phase" in staff.get("/staff/delivery").text
    provider.refuse.clear()
    event = childcare.office.reporter.rejected()[0].id
    staff.post(f"/staff/delivery/{event}/retry", {}, form="/staff/delivery")
    until(lambda: len(provider.of(number)) == 2)
    assert staff.post("/staff/delivery/unknown/retry", {}, form="/staff/delivery").status_code == 404
    provider.served.stop()
    staff.move(number, "in_review")
    assert 'data-testid="staff-delivery" data-state="waiting"' in staff.get(f"/staff/cases/{number}").text


def test_a_paper_application_by_local_number(benefits: Site, provider: TinyProvider) -> None:
    staff = benefits.visitor().staff()
    data = {"local_number": "0000010022", "procedure": "relief-grant", "channel": "counter"}
    answer = staff.post("/staff/paper", data, form="/staff/paper")
    number = answer.url.rpartition("/")[2]
    until(lambda: provider.of(number))
    event = provider.of(number)[0]["data"]
    assert event["resident"] == {"format": "local_number", "number": "0000010022"}
    assert (event["phase"], event["channel"]) == ("received", "counter")
    assert event["procedure"]["code"] == "relief-grant"
    staff.move(number, "in_review")
    until(lambda: len(provider.of(number)) == 2)


@pytest.mark.parametrize(
    "change",
    [
        {"local_number": ""},
        {"local_number": "abc"},
        {"local_number": "123456789018"},
        {"local_number": "111111111111"},
        {"procedure": "nothing"},
        {"channel": "pigeon"},
        {"received_on": "2999-01-01"},
    ],
)
def test_paper_that_is_refused(benefits: Site, change: dict[str, str]) -> None:
    staff = benefits.visitor().staff()
    data = {"local_number": "0000010022", "procedure": "relief-grant", "channel": "post", **change}
    answer = staff.post("/staff/paper", data, form="/staff/paper")
    assert answer.status_code == 422
    assert "123456789018" not in answer.text
    assert benefits.office.reporter.counts()["sent"] == benefits.office.reporter.counts()["waiting"] == 0


def test_a_department_that_takes_no_paper_has_no_such_page(childcare: Site) -> None:
    assert childcare.visitor().staff().get("/staff/paper").status_code == 404


def test_a_paper_applicant_opens_their_case_only_with_everything_right(benefits: Site, provider: TinyProvider) -> None:
    staff = benefits.visitor().staff()
    data = {
        "local_number": "0000010011",
        "procedure": "relief-grant",
        "channel": "post",
        "applicant": "見本　花子",
        "birthdate": "1989-04-12",
    }
    number = staff.post("/staff/paper", data, form="/staff/paper").url.rpartition("/")[2]
    path = f"/applications/{number}"
    for user in (
        {"sub": "pw-x", "name": "見本 花子", "birthdate": "1989-04-13"},
        {"sub": "pw-x", "name": "見本 花江", "birthdate": "1989-04-12"},
        {"sub": "pw-x"},
    ):
        provider.user = user
        stranger = benefits.visitor().sign_in()
        assert stranger.get(path).status_code == 404
        assert stranger.post(path + "/attach", {}).status_code == 404
    provider.user = {"sub": "pw-hanako", "name": "見本 花子", "birthdate": "1989-04-12"}
    visitor = benefits.visitor().sign_in()
    assert 'data-testid="attach"' in visitor.get(path).text
    assert visitor.post(path + "/attach", {}).url == benefits.url + path
    assert number in visitor.get("/applications").text
    staff.move(number, "in_review")
    until(lambda: len(provider.of(number)) == 2)
    assert provider.of(number)[1]["data"]["resident"]["format"] == "local_number"
