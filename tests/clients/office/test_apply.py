"""A resident applies, answers, withdraws; my page hears of each."""

from __future__ import annotations

import re

import pytest

from tests.clients.office.conftest import DAYCARE, Site, apply
from tests.clients.tiny_provider import TinyProvider
from tests.support.waiting import until


def test_an_application_from_sign_in_to_receipt(childcare: Site, provider: TinyProvider) -> None:
    visitor = childcare.visitor()
    assert "まちIDでサインイン" in visitor.get("/").text
    assert "見本 花子さん" in visitor.sign_in().get("/").text
    form = visitor.get("/apply/daycare").text
    assert "見本県みほん市中央一丁目2番3号" in form
    assert "1989年4月12日" in form
    number = apply(visitor)
    assert re.fullmatch(r"KD\d\d-[2-9CFGHJMPQRVWX]{4}-[2-9CFGHJMPQRVWX]{4}", number)
    until(lambda: provider.of(number))
    data = provider.of(number)[0]["data"]
    assert data["phase"] == "sent"
    assert data["receipt_number"] == number
    assert data["resident"] == {"format": "iss_sub", "iss": provider.issuer, "sub": "pw-hanako"}
    assert data["procedure"]["title"]["ja"] == "保育所等利用申込"
    assert data["received_at"].endswith("+09:00")
    assert data["channel"] == "online"
    assert [step["state"] for step in data["steps"]] == ["current", *["upcoming"] * 4]
    assert "reason" not in data
    page = visitor.get(f"/applications/{number}").text
    assert "卵アレルギー" in page
    assert number in visitor.get("/applications").text
    assert provider.issuer + "/my/" in visitor.get(f"/applications/{number}/receipt").text


def test_pressing_send_twice_is_one_application(childcare: Site) -> None:
    visitor = childcare.visitor().sign_in()
    draft = re.findall(r'name="draft" value="([^"]+)"', visitor.post("/apply/daycare", DAYCARE).text)[0]
    first = visitor.post("/apply/daycare/send", {**DAYCARE, "draft": draft})
    second = visitor.post("/apply/daycare/send", {**DAYCARE, "draft": draft})
    assert first.url == second.url
    assert visitor.get("/applications").text.count('data-testid="case-row"') == 1


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        ("child_name", "", "入力してください"),
        ("child_birthdate", "yesterday", "日付を入力してください"),
        ("first_choice", "not-a-nursery", "選択肢から選んでください"),
        ("note", "x" * 1001, "長すぎます"),
        ("note", "番号は 1234 5678 9018 です", "マイナンバー"),
        ("child_name", "１２３４５６７８９０１８", "マイナンバー"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_filed(childcare: Site, field: str, value: str, word: str) -> None:
    visitor = childcare.visitor().sign_in()
    for path in ("/apply/daycare", "/apply/daycare/send"):
        answer = visitor.post(path, {**DAYCARE, field: value, "draft": "d" * 32})
        assert answer.status_code == 422
        assert 'data-testid="error"' in answer.text
        assert word in answer.text
        assert word != "マイナンバー" or value not in answer.text
    assert 'data-testid="case-row"' not in visitor.get("/applications").text


def test_changing_something_keeps_what_was_entered(childcare: Site) -> None:
    visitor = childcare.visitor().sign_in()
    answer = visitor.post("/apply/daycare", {**DAYCARE, "back": "1"})
    assert answer.status_code == 200
    assert 'value="見本 そら"' in answer.text


def test_what_a_resident_types_is_never_html(childcare: Site) -> None:
    visitor = childcare.visitor().sign_in()
    number = apply(visitor, child_name="<img src=x onerror=alert(1)>")
    assert "<img src=x" not in visitor.get(f"/applications/{number}").text


def test_the_answer_to_a_request_goes_back_to_review(childcare: Site, provider: TinyProvider) -> None:
    visitor = childcare.visitor().sign_in()
    number = apply(visitor)
    staff = childcare.visitor().staff()
    staff.move(number, "received")
    staff.move(
        number, "action_required", reason_ja="証明書が必要です", reason_en="A paper is missing", act_by="2099-01-31"
    )
    page = visitor.get(f"/applications/{number}").text
    assert "証明書が必要です" in page
    assert "A paper is missing" in visitor.get(f"/applications/{number}?lang=en").text
    assert visitor.post(f"/applications/{number}/respond", {"text": ""}).status_code == 422
    answer = visitor.post(f"/applications/{number}/respond", {"text": "あす届けます"})
    assert answer.status_code == 200
    until(lambda: len(provider.of(number)) == 4)
    asked, answered = (event["data"] for event in provider.of(number)[2:])
    assert asked["reason"] == {"ja": "証明書が必要です", "en": "A paper is missing"}
    assert asked["act_by"] == "2099-01-31"
    assert asked["waiting_on"] == "resident"
    assert asked["actions"][0]["url"] == f"{childcare.url}/applications/{number}"
    assert (answered["phase"], answered["waiting_on"]) == ("in_review", "department")
    assert "あす届けます" in staff.get(f"/staff/cases/{number}").text
    again = visitor.post(f"/applications/{number}/respond", {"text": "もう一度"})
    assert again.status_code == 422


def test_withdrawing_asks_first_and_only_before_a_decision(childcare: Site, provider: TinyProvider) -> None:
    visitor = childcare.visitor().sign_in()
    number = apply(visitor)
    path = f"/applications/{number}/withdraw"
    assert "取り下げますか" in visitor.get(path).text
    assert "取り下げました" in visitor.post(path, {}).text
    until(lambda: len(provider.of(number)) == 2)
    data = provider.of(number)[1]["data"]
    assert (data["phase"], data["outcome"], data["waiting_on"]) == ("withdrawn", "withdrawn", "nobody")
    assert visitor.post(path, {}).status_code == 422


def test_another_residents_case_does_not_exist(childcare: Site, provider: TinyProvider) -> None:
    number = apply(childcare.visitor().sign_in())
    provider.user = {"sub": "pw-taro", "name": "例示 太郎", "birthdate": "1957-09-30"}
    other = childcare.visitor().sign_in()
    for path in (f"/applications/{number}", f"/applications/{number}/receipt", f"/applications/{number}/withdraw"):
        assert other.get(path).status_code == 404
    for path in ("respond", "withdraw", "attach"):
        assert other.post(f"/applications/{number}/{path}", {"text": "x"}).status_code == 404
    assert number not in other.get("/applications").text


def test_a_draft_of_another_resident_gives_away_nothing(childcare: Site, provider: TinyProvider) -> None:
    visitor = childcare.visitor().sign_in()
    visitor.post("/apply/daycare/send", {**DAYCARE, "draft": "d" * 32})
    provider.user = {"sub": "pw-taro", "name": "例示 太郎", "birthdate": "1957-09-30"}
    other = childcare.visitor().sign_in()
    other.post("/apply/daycare/send", {**DAYCARE, "draft": "d" * 32})
    numbers = [re.findall(r'data-number="([^"]+)"', who.get("/applications").text) for who in (visitor, other)]
    assert [len(found) for found in numbers] == [1, 1]
    assert numbers[0] != numbers[1]


def test_pages_of_residents_need_a_sign_in(childcare: Site) -> None:
    for path in ("/apply/daycare", "/applications", "/applications/x", "/applications/x/receipt"):
        answer = childcare.visitor().get(path, allow_redirects=False)
        assert answer.status_code == 303
        assert answer.headers["Location"].startswith("/auth/login?return_to=")


def test_an_unknown_procedure(childcare: Site) -> None:
    assert childcare.visitor().sign_in().get("/apply/nothing").status_code == 404
