"""What happens to events that are as they should be."""

from __future__ import annotations

import orjson

from mypage.cases.read import get_case, list_cases
from mypage.intake.model import EventReceipt
from tests.mypage.city import City


def cases_of(city: City, resident_id: str):
    with city.app.app_context(), city.parts.database.read() as session:
        found = list_cases(session, resident_id, archived=None).rows
        return [get_case(session, resident_id, row.case_id) for row in found]


def test_an_accepted_event_is_on_the_residents_page(city: City):
    hanako, taro = city.resident(), city.resident()
    answer = city.send(
        city.case(
            hanako,
            "JT-1",
            1,
            "received",
            label={"ja": "受け付けました"},
            expected_by="2026-06-15",
            channel="post",
            steps=[{"code": "a", "label": {"ja": "受付"}, "state": "done", "at": "2026-05-01T10:00:00+09:00"}],
            contact={"department": {"ja": "こども家庭課"}, "phone": "000-000-0000", "hours": {"ja": "平日"}},
            documents=[
                {
                    "id": "d",
                    "title": {"ja": "控え"},
                    "media_type": "application/pdf",
                    "bytes": 9,
                    "url": "https://k.example/d",
                }
            ],
        )
    )
    assert answer.status_code == 202
    assert answer.json["results"][0]["status"] == "accepted"
    (case,) = cases_of(city, hanako)
    assert (case.phase, case.label, case.channel) == ("received", {"ja": "受け付けました"}, "post")
    assert case.department == {"ja": "こども家庭課", "en": "Kodomo"}
    assert case.steps[0].at is not None
    assert case.contact is not None
    assert case.contact.phone == "000-000-0000"
    assert case.documents[0].bytes == 9
    assert [entry.phase for entry in case.history] == ["received"]
    assert cases_of(city, taro) == []


def test_the_same_event_again_is_a_duplicate_however_it_is_written(city: City):
    event = city.case(city.resident(), "JT-1", 1)
    assert city.send(event).json["results"][0]["status"] == "accepted"
    other_order = dict(reversed(event.items()))
    spaced = orjson.dumps(other_order, option=orjson.OPT_INDENT_2)
    assert city.send(spaced).json["results"][0]["status"] == "duplicate"
    assert city.statuses([event, event]) == ["duplicate", "duplicate"]


def test_twice_in_one_batch_counts_once(city: City):
    event = city.case(city.resident(), "JT-1", 1)
    assert city.statuses([event, event, {**event, "time": "2026-05-12T00:00:00Z"}]) == [
        "accepted",
        "duplicate",
        "id_reused",
    ]


def test_a_lower_sequence_goes_to_the_history_and_changes_nothing(city: City):
    hanako = city.resident()
    assert city.statuses([city.case(hanako, "JT-1", 5, "decided", outcome="approved")]) == ["accepted"]
    assert city.statuses([city.case(hanako, "JT-1", 3, "received")]) == ["stale"]
    assert city.statuses([city.case(hanako, "JT-1", 5, "received")]) == ["stale"]
    (case,) = cases_of(city, hanako)
    assert (case.phase, case.outcome) == ("decided", "approved")
    assert sorted((e.phase, e.late) for e in case.history) == [
        ("decided", False),
        ("received", True),
        ("received", True),
    ]


def test_sequences_are_compared_as_numbers(city: City):
    hanako = city.resident()
    assert city.statuses([city.case(hanako, "JT-1", 9), city.case(hanako, "JT-1", 10, "completed")]) == ["accepted"] * 2


def test_a_gap_is_accepted_and_flagged(city: City):
    hanako = city.resident()
    city.send(city.case(hanako, "JT-1", 1))
    assert "gap" not in city.send(city.case(hanako, "JT-1", 2)).json["results"][0]
    assert city.send(city.case(hanako, "JT-1", 4)).json["results"][0] == {
        "id": "e-3",
        "source": city.source("kodomo"),
        "status": "accepted",
        "gap": True,
    }


def test_facts_of_the_case_stay_when_left_out_and_the_rest_is_the_new_state(city: City):
    hanako = city.resident()
    city.send(
        city.case(
            hanako,
            "JT-1",
            1,
            "action_required",
            receipt_number="R-7",
            channel="online",
            expected_by="2026-06-15",
            act_by="2026-05-25",
            contact={"department": {"ja": "課"}},
            label={"ja": "差戻し"},
        )
    )
    city.send(city.event("case.status", "JT-1", 2, {"phase": "in_review"}))
    (case,) = cases_of(city, hanako)
    assert (case.receipt_number, case.channel, str(case.expected_by)) == ("R-7", "online", "2026-06-15")
    assert case.contact is not None
    assert (case.phase, case.act_by, case.label, case.reason) == ("in_review", None, {}, {})
    city.send(city.event("case.status", "JT-1", 3, {"phase": "in_review", "expected_by": None, "contact": None}))
    (case,) = cases_of(city, hanako)
    assert (case.expected_by, case.contact) == (None, None)


def test_a_department_time_in_the_future_is_not_shown_as_one(city: City):
    hanako = city.resident()
    event = city.case(hanako, "JT-1", 1) | {"time": "2199-01-01T00:00:00Z"}
    assert city.statuses([event]) == ["accepted"]
    (case,) = cases_of(city, hanako)
    assert case.updated_at <= case.last_heard_at


def test_a_completed_case_is_left_only_when_reopened(city: City):
    hanako = city.resident()
    city.send(city.case(hanako, "JT-1", 1, "completed"))
    refused = city.send(city.case(hanako, "JT-1", 2, "in_review"))
    assert (refused.status_code, refused.json["title"]) == (422, "reopen_required")
    assert city.statuses([city.case(hanako, "JT-1", 2, "completed")]) == ["accepted"]
    assert city.statuses([city.case(hanako, "JT-1", 3, "in_review", reopened=True)]) == ["accepted"]


def test_residents_by_local_number_for_those_who_may(city: City):
    taro = city.resident("0000010022")
    event = city.case(taro, "F-1", 1, client_id="fukushi", resident={"format": "local_number", "number": "0000010022"})
    assert city.statuses([event], "fukushi") == ["accepted"]
    assert len(cases_of(city, taro)) == 1


def test_a_mixed_batch_has_a_line_for_each_event_and_keeps_the_good_ones(city: City):
    hanako = city.resident()
    good, bad = city.case(hanako, "JT-1", 1), city.case(hanako, "JT-2", 1, "nonsense")
    answer = city.send([good, bad, 7, city.notice(hanako, "N-1")])
    assert answer.status_code == 202
    lines = answer.json["results"]
    assert [line["status"] for line in lines] == ["accepted", "rejected", "rejected", "accepted"]
    assert lines[1]["id"] == bad["id"]
    assert lines[1]["problem"]["status"] == 422
    assert "in_review" in lines[1]["problem"]["allowed"]
    assert len(cases_of(city, hanako)) == 1


def test_an_empty_batch_is_a_batch(city: City):
    assert city.send([]).json == {"results": []}


def test_a_refused_event_may_be_sent_again_mended(city: City):
    hanako = city.resident()
    event = city.case(hanako, "JT-1", 1, procedure=...)
    assert city.statuses([event]) == ["first_event_incomplete"]
    event["data"]["procedure"] = {"code": "x", "title": {"ja": "手続"}}
    assert city.statuses([event]) == ["accepted"]


def test_receipts_name_no_resident(city: City):
    hanako = city.resident()
    city.send(city.case(hanako, "JT-1", 1))
    assert {c.name for c in EventReceipt.__table__.columns} == {
        "source",
        "event_id",
        "body_hash",
        "result",
        "recorded_at",
    }


def test_extension_attributes_of_others_are_accepted(city: City):
    event = city.case(city.resident(), "JT-1", 1) | {"traceparent": "00-ab-cd-01", "dataschema": "https://x.example/s"}
    assert city.statuses([event]) == ["accepted"]
