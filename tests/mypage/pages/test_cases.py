"""The list of cases and one case, as a resident sees them."""

from __future__ import annotations

import re

from tests.mypage.pages.conftest import Visit


def file_case(
    visit: Visit,
    subject: str = "A-1",
    sequence: int = 1,
    phase: str = "in_review",
    client_id: str = "kodomo",
    **data: object,
) -> str:
    """Have the department report a case; returns its address on the page."""
    answer = visit.city.send(visit.city.case(visit.resident_id, subject, sequence, phase, client_id, **data), client_id)
    assert answer.status_code == 202, answer.get_data(as_text=True)
    return re.findall(r'href="(/my/cases/[a-z0-9]+)"', visit.text("/my/"))[0]


def test_a_reported_case_is_on_home_in_the_list_and_has_a_page(hanako: Visit) -> None:
    way = file_case(hanako, receipt_number="R8-1", label={"ja": "内容を確認しています"})
    for page in ("/my/", "/my/cases", way):
        text = hanako.text(page)
        assert "児童手当" in text
        assert "審査中" in text
        assert "内容を確認しています" in text
        assert "R8-1" in text


def test_another_residents_case_does_not_exist_for_me(hanako: Visit, taro: Visit) -> None:
    way = file_case(hanako)
    for path in (way, way + "/calendar.ics"):
        assert hanako.get(path).status_code == 200
        assert taro.get(path).status_code == 404
    assert "児童手当" not in taro.text("/my/cases")


def test_nobody_sees_a_case_without_signing_in(hanako: Visit) -> None:
    way = file_case(hanako)
    stranger = hanako.city.app.test_client()
    answer = stranger.get(way)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/signin?next=")
    assert stranger.get(way, headers={"X-Fragment": "1"}).status_code == 401


def test_the_action_stands_where_it_is_the_residents_turn(hanako: Visit) -> None:
    action = {"kind": "upload", "label": {"ja": "写しを送る", "en": "Send the copy"}, "url": "https://kodomo.example/u"}
    way = file_case(hanako, phase="action_required", actions=[action], act_by="2026-12-01")
    text = hanako.text(way)
    assert 'data-testid="case-action"' in text
    assert 'href="https://kodomo.example/u"' in text
    assert "口座の写しが必要です" in text
    file_case(hanako, sequence=2, phase="in_review", actions=[], act_by=None)
    assert 'data-testid="case-action"' not in hanako.text(way)


def test_what_a_department_writes_stays_text(hanako: Visit) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    way = file_case(
        hanako, label={"ja": evil}, procedure={"code": "x", "title": {"ja": evil}}, receipt_number=evil[:40]
    )
    for page in ("/my/", "/my/cases", way):
        text = hanako.text(page)
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "&lt;script&gt;alert" in text


def test_an_english_reader_is_told_what_exists_in_japanese_only(hanako: Visit) -> None:
    way = file_case(hanako, phase="action_required", reason={"ja": "口座の写しが必要です"})
    reader = Visit(hanako.city, hanako.resident_id, lang="en")
    text = reader.text(way)
    assert "Child allowance" in text
    assert '<bdi lang="ja">口座の写しが必要です</bdi>' in text
    assert "in Japanese only" in text
    assert "in Japanese only" not in hanako.text(way)


def test_filters_and_search_find_and_say_when_there_is_nothing(hanako: Visit) -> None:
    file_case(hanako, "A-1", receipt_number="R8-1")
    file_case(
        hanako, "B-1", phase="completed", client_id="fukushi", procedure={"code": "k", "title": {"ja": "介護保険"}}
    )
    assert "介護保険" not in hanako.text("/my/cases")
    assert "介護保険" in hanako.text("/my/cases?archived=1")
    assert "児童手当" in hanako.text("/my/cases?q=r8-1")
    assert "条件に合う申請はありません" in hanako.text("/my/cases?q=nothing")
    assert "条件に合う申請はありません" in hanako.text("/my/cases?department=unknown&phase=nonsense")
    for odd in ("page=0", "page=-1", "page=99999999999", "page=%EF%BC%91", "q=%25", "q=" + "x" * 5000):
        assert hanako.get("/my/cases?" + odd).status_code == 200


def test_a_fragment_is_the_changing_part_alone(hanako: Visit) -> None:
    way = file_case(hanako)
    for page in ("/my/", "/my/cases", way, "/my/notices", "/my/tasks", "/my/navigation?entry=home"):
        part = hanako.text(page, **{"X-Fragment": "1"})
        assert "<html" not in part
        assert "<nav class=" not in part
