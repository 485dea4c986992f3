"""What is refused at the door, with which code, and that nothing of it stays."""

from __future__ import annotations

import logging
import shutil
from typing import Any

import orjson
import pytest
from sqlalchemy import func, select

from mypage.cases.model import Case
from mypage.intake.model import EventReceipt, HeldEvent
from mypage.notices.model import Notice
from tests.mypage.city import BATCH, ISSUER, SINGLE, City

MY_NUMBER = "123456789018"


def stored(city: City) -> int:
    with city.parts.database.read() as session:
        tables = (Case, EventReceipt, HeldEvent, Notice)
        return sum(session.scalar(select(func.count()).select_from(t)) or 0 for t in tables)


def refused(city: City, event: Any, client_id: str = "kodomo", **how: Any) -> tuple[int, str]:
    answer = city.send(event, client_id, **how)
    assert answer.content_type == "application/problem+json"
    assert answer.json["status"] == answer.status_code
    assert stored(city) == 0
    return answer.status_code, answer.json["title"]


def test_without_a_token(small_city: City):
    client = small_city.app.test_client()
    answer = client.post("/api/v1/events", data=b"{}", content_type=SINGLE)
    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("kind", ["case", "notice", "task"])
def test_without_the_scope_of_its_type(small_city: City, kind: str):
    hanako = small_city.resident()
    event = getattr(small_city, kind)(hanako, "S-1", 1)
    others = " ".join(f"{k}:write" for k in ("case", "notice", "task") if k != kind)
    answer = small_city.send(event, scope=others)
    assert (answer.status_code, answer.json["title"]) == (403, "insufficient_scope")
    assert f"{kind}:write" in answer.headers["WWW-Authenticate"]
    assert stored(small_city) == 0


def test_a_foreign_source(small_city: City):
    hanako = small_city.resident()
    event = small_city.case(hanako, "K-1", 1) | {"source": small_city.source("fukushi")}
    assert refused(small_city, event) == (403, "foreign_source")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'{"a": NaN}', b"[" * 5000, b'"\\ud800"'])
def test_malformed_json(small_city: City, body: bytes):
    assert refused(small_city, body)[0] == 400


@pytest.mark.parametrize("body", [b"{}", b"7", b"null", b'"text"'])
def test_a_batch_that_is_no_array(small_city: City, body: bytes):
    assert refused(small_city, body, content_type=BATCH) == (400, "malformed_batch")


@pytest.mark.parametrize(
    "kind", ["application/json", "text/plain", "application/cloudevents+xml", "multipart/form-data"]
)
def test_another_content_type(small_city: City, kind: str):
    assert refused(small_city, b"{}", content_type=kind) == (415, "unsupported_media_type")


def test_an_event_too_large(small_city: City):
    hanako = small_city.resident()
    large = small_city.notice(hanako, "N-1", filler="x" * 256 * 1024)
    assert refused(small_city, large) == (413, "too_large")
    lines = small_city.send([large]).json["results"]
    assert lines[0]["problem"]["status"] == 413


def test_a_batch_too_long(small_city: City):
    event = small_city.case(small_city.resident(), "K-1", 1)
    assert refused(small_city, [event] * 501) == (413, "batch_too_large")
    assert len(small_city.statuses([event] * 500)) == 500


@pytest.mark.parametrize(
    "change",
    [
        {"specversion": "0.3"},
        {"specversion": None},
        {"id": ""},
        {"id": 7},
        {"id": "x" * 129},
        {"subject": ""},
        {"subject": "x" * 201},
        {"time": "2026-05-11"},
        {"time": "2026-05-11T09:30:00"},
        {"time": "2026-13-11T09:30:00Z"},
        {"time": "0001-01-01T00:00:00+09:00"},
        {"sequence": "7"},
        {"sequence": "0000000000000000000x"},
        {"sequence": "０" * 20},
        {"sequence": 7},
        {"datacontenttype": "text/xml"},
        {"data": None},
        {"data": []},
        {"expirytime": "2030-01-01T00:00:00Z"},
        {"Upper": "x"},
        {"nested": {"a": 1}},
    ],
)
def test_attributes_that_do_not_fit(small_city: City, change: dict[str, Any]):
    event = small_city.case(small_city.resident(), "K-1", 1) | change
    assert refused(small_city, event) == (422, "invalid_event")


@pytest.mark.parametrize("name", ["specversion", "id", "subject", "time", "sequence", "data"])
def test_attributes_that_are_missing(small_city: City, name: str):
    event = small_city.case(small_city.resident(), "K-1", 1)
    del event[name]
    assert refused(small_city, event) == (422, "invalid_event")


def test_an_unknown_type_names_the_known_ones(small_city: City):
    event = small_city.case(small_city.resident(), "K-1", 1) | {"type": "jp.machi.case.status.v2"}
    answer = small_city.send(event)
    assert (answer.status_code, answer.json["title"]) == (422, "unknown_type")
    assert "jp.machi.case.status.v1" in answer.json["allowed"]


def test_an_unknown_phase_names_the_allowed_ones(small_city: City):
    answer = small_city.send(small_city.case(small_city.resident(), "K-1", 1, "approved"))
    assert (answer.status_code, answer.json["title"]) == (422, "unknown_phase")
    assert answer.json["allowed"] == [
        *("draft", "sent", "received", "in_review", "action_required", "on_hold"),
        *("decided", "completed", "withdrawn", "expired"),
    ]


@pytest.mark.parametrize(
    "data",
    [
        {"phase": "action_required", "reason": ...},
        {"phase": "action_required", "reason": None},
        {"phase": "action_required", "reason": {"en": "only English"}},
        {"phase": "action_required", "reason": {"ja": " "}},
        {"phase": "decided", "outcome": "rejected"},
        {"outcome": "none"},
        {"waiting_on": "somebody"},
        {"label": "text"},
        {"label": {"ja": "x" * 201}},
        {"label": {"ja": "x", "日本語": "x"}},
        {"expected_by": "2026-02-30"},
        {"expected_by": "2026-02-03T00:00:00Z"},
        {"steps": [{"code": "a", "label": {"ja": "x"}, "state": "later"}]},
        {"actions": [{"kind": "form", "label": {"ja": "x"}, "url": "javascript:alert(1)"}]},
        {"actions": [{"kind": "form", "label": {"ja": "x"}, "url": "https://good.example@evil.example/"}]},
        {"actions": [{"kind": "form", "label": {"ja": "x"}, "url": "https://a.example/\nb"}]},
        {
            "documents": [
                {"id": "a", "title": {"ja": "x"}, "media_type": "a/b", "bytes": -1, "url": "https://a.example"}
            ]
        },
        {
            "documents": [
                {"id": "a", "title": {"ja": "x"}, "media_type": "a/b", "bytes": "9", "url": "https://a.example"}
            ]
        },
        {"label": {"ja": "nul\x00"}},
        {"label": {"ja": "escape\x1b[2J"}},
        {"expectedBy": "2026-06-01"},
        {"resident": {"format": "email", "email": "x@example"}},
        {"resident": {"format": "iss_sub", "sub": "x"}},
        {"resident": "x"},
        {"reopened": "yes"},
        {"notify": "loud"},
    ],
)
def test_case_data_that_does_not_fit(small_city: City, data: dict[str, Any]):
    event = small_city.case(small_city.resident(), "K-1", 1, **data)
    assert refused(small_city, event) == (422, "invalid_event")


def test_errors_point_to_the_place(small_city: City):
    event = small_city.case(
        small_city.resident(), "K-1", 1, actions=[{"kind": "form", "label": {"ja": "x"}, "url": "x"}]
    )
    assert small_city.send(event).json["errors"][0]["pointer"] == "/data/actions/0/url"


@pytest.mark.parametrize("where", ["data", "attribute"])
@pytest.mark.parametrize("depth", [20, 240, 248, 249, 250, 251, 252, 253, 254, 300, 1000])
def test_nesting_without_end(small_city: City, where: str, depth: int):
    event = small_city.case(small_city.resident(), "K-1", 1, extra="HERE")
    if where == "attribute":
        event = small_city.case(small_city.resident(), "K-1", 1) | {"extra": "HERE"}
    nested = b'{"a":' * depth + b"1" + b"}" * depth
    assert refused(small_city, orjson.dumps(event).replace(b'"HERE"', nested))[0] in (400, 422)


@pytest.mark.parametrize("missing", ["resident", "procedure", "received_at"])
def test_a_first_event_must_be_complete(city: City, missing: str):
    event = city.case(city.resident(), "K-1", 1, **{missing: ...})
    answer = city.send(event)
    assert (answer.status_code, answer.json["title"]) == (422, "first_event_incomplete")
    assert answer.json["missing"] == [missing]
    assert stored(city) == 0


def test_unknown_residents_all_look_alike(city: City):
    """Whether a sub belongs to nobody, to another department's sector, or a local number to nobody: the same answer."""
    hanako = city.resident("0000010011")
    foreign = {"format": "iss_sub", "iss": ISSUER, "sub": city.sub(hanako, "fukushi")}
    nobody = {"format": "iss_sub", "iss": ISSUER, "sub": "a" * 32}
    number = {"format": "local_number", "number": "0000099999"}
    problems = [
        city.send(city.case(hanako, "K-1", 1, resident=foreign)).json,
        city.send(city.case(hanako, "K-1", 1, resident=nobody)).json,
        city.send(city.case(hanako, "F-1", 1, client_id="fukushi", resident=number), "fukushi").json,
    ]
    assert problems[0]["title"] == "unknown_resident"
    assert len({problem.pop("reference") for problem in problems}) == 3  # of the request, whatever it asked
    assert problems[0] == problems[1] == problems[2]
    assert stored(city) == 0


def test_local_numbers_only_for_those_who_may(city: City):
    """Known or not, a client that may not use them learns nothing."""
    hanako = city.resident("0000010011")
    for number in ("0000010011", "0000099999"):
        event = city.case(hanako, "K-1", 1, resident={"format": "local_number", "number": number})
        assert refused(city, event) == (403, "local_numbers_not_allowed")


def test_another_issuer(city: City):
    hanako = city.resident()
    named = city.named(hanako) | {"iss": "https://other.example"}
    assert refused(city, city.case(hanako, "K-1", 1, resident=named)) == (422, "foreign_issuer")


def test_an_id_used_again_for_something_else(city: City):
    event = city.case(city.resident(), "K-1", 1)
    city.send(event)
    answer = city.send(event | {"time": "2026-05-12T09:30:00+09:00"})
    assert (answer.status_code, answer.json["title"]) == (409, "id_reused")


def test_a_case_does_not_change_hands(city: City):
    hanako, taro = city.resident(), city.resident()
    city.send(city.case(hanako, "K-1", 1))
    answer = city.send(city.case(taro, "K-1", 2))
    assert (answer.status_code, answer.json["title"]) == (422, "resident_mismatch")


def test_the_same_subject_of_another_department_is_another_case(city: City):
    hanako, taro = city.resident(), city.resident()
    assert city.statuses([city.case(hanako, "1", 1)]) == ["accepted"]
    assert city.statuses([city.case(taro, "1", 1, client_id="fukushi")], "fukushi") == ["accepted"]


@pytest.mark.parametrize(
    "change",
    [
        {"data": {"receipt_number": MY_NUMBER}},
        {"data": {"label": {"ja": "1234 5678 9018"}}},
        {"data": {"label": {"ja": "１２３４５６７８９０１８"}}},
        {"data": {"label": {"ja": "個人番号は123456789018です"}}},
        {"data": {"resident": {"format": "opaque", "id": MY_NUMBER}}},
        {"data": {"resident": {"format": "local_number", "number": MY_NUMBER}}},
        {"data": {MY_NUMBER: "x"}},
        {"data": {"documents": [{"bytes": int(MY_NUMBER)}]}},
        {"subject": MY_NUMBER},
        {"id": MY_NUMBER},
    ],
)
def test_a_my_number_is_refused_and_not_repeated(
    small_city: City, caplog: pytest.LogCaptureFixture, change: dict[str, Any]
):
    caplog.set_level(logging.DEBUG)
    event = small_city.case(small_city.resident(), "K-1", 1)
    event["data"].update(change.get("data", {}))
    event.update({k: v for k, v in change.items() if k != "data"})
    answer = small_city.send(event)
    assert (answer.status_code, answer.json["title"]) == (422, "my_number_refused")
    assert MY_NUMBER not in answer.get_data(as_text=True)
    assert MY_NUMBER not in caplog.text
    assert stored(small_city) == 0


def test_twelve_digits_that_are_none_are_accepted(small_city: City):
    wrong_check_digit = "123456789012"
    inside_a_text = "受付番号 123456789018 で承りました"
    event = small_city.case(
        small_city.resident(), "K-1", 1, receipt_number=wrong_check_digit, label={"ja": inside_a_text}
    )
    assert small_city.statuses([event]) == ["accepted"]


def test_too_many_requests(sqlite_url: str):
    with City(sqlite_url, INTAKE_RATE="2/minute") as city:
        answers = [city.send([]) for _ in range(3)]
        assert [a.status_code for a in answers] == [202, 202, 429]
        assert int(answers[2].headers["Retry-After"]) >= 1
        assert city.send([], "fukushi").status_code == 202


def test_a_database_that_is_away_asks_to_send_again(template, tmp_path):
    folder = tmp_path / "there"
    folder.mkdir()
    shutil.copyfile(template[0], folder / "c.db")
    with City(f"sqlite:///{folder}/c.db") as city:
        event = city.case(city.resident(), "K-1", 1)
        assert city.statuses([city.case(city.resident(), "K-2", 1)]) == ["accepted"]
        city.parts.database.engine.dispose()
        folder.rename(tmp_path / "gone")
        answer = city.send(event)
        assert answer.status_code == 503
        assert answer.content_type == "application/problem+json"
        assert int(answer.headers["Retry-After"]) >= 1
        (tmp_path / "gone").rename(folder)
        assert city.statuses([event]) == ["accepted"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"actions": [{"kind": "form", "label": {"ja": "x"}, "url": "https://["}]}, "/data/actions/0/url"),
        ({"documents": [{"id": "1", "title": {"ja": "x"}, "media_type": "a/b", "bytes": 1, "url": "https://[::1"}]},
         "/data/documents/0/url"),
        ({"label": {"ja": "審査\u202e中"}}, "/data/label/ja"),
        ({"procedure": {"code": "x", "title": {"ja": "児童\u200b手当"}}}, "/data/procedure/title/ja"),
        ({"contact": {"department": {"ja": "課\u2067"}}}, "/data/contact/department/ja"),
        ({"receipt_number": "1\x7f"}, "/data/receipt_number"),
    ],
)  # fmt: skip
def test_what_would_break_or_disturb_a_page_is_refused_by_the_name_of_its_member(
    small_city: City, change: dict[str, Any], pointer: str
):
    answer = small_city.send(small_city.case(small_city.resident(), "K-1", 1, **change))
    assert (answer.status_code, answer.json["title"]) == (422, "invalid_event")
    assert [error["pointer"] for error in answer.json["errors"]] == [pointer]
    assert stored(small_city) == 0


def test_names_as_they_are_written_come_in(small_city: City):
    """Ideographic variation sequences, emoji of several characters, scripts from right to left."""
    texts = {"ja": "葛\U000e0100城市 👩‍👩‍👧", "ar": "مرحبا", "fa": "می‌خواهم"}
    assert small_city.statuses([small_city.case(small_city.resident(), "K-1", 1, label=texts)]) == ["accepted"]
