"""Reporting: nothing is lost, order is kept, refusals are kept with their reason."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from clients.kit import CaseStatus, Notice, Procedure, Text, by_handle, by_local_number, sender
from clients.kit.events import Action, Task
from tests.clients.kit.conftest import App
from tests.clients.tiny_provider import TinyProvider
from tests.support.waiting import until

DAYCARE = Procedure("daycare", {"ja": "保育所等利用申込", "en": "Nursery application"})


def status(app: App, phase: str = "received", **more: object) -> CaseStatus:
    who = app.machi.reporter.resident("pw-hanako")
    return CaseStatus(resident=who, phase=phase, **more)  # type: ignore[arg-type]


def test_an_event_leaves_with_the_commit(app: App, provider: TinyProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "LOOK_EVERY", 3600.0)  # looked for only when woken
    app.machi.reporter.start()
    app.machi.reporter.report_case("K-0", status(app))
    until(lambda: provider.of("K-0"))
    app.machi.reporter.report_case("K-1", status(app, "in_review"))
    until(lambda: provider.of("K-1"))


def test_the_shape_of_a_case_event(app: App, provider: TinyProvider) -> None:
    app.machi.reporter.start()
    app.machi.reporter.report_case(
        "K-1",
        status(
            app,
            procedure=DAYCARE,
            receipt_number="K-1",
            received_at=datetime(2026, 5, 1, 9, 30, tzinfo=UTC),
            expected_by=date(2026, 6, 1),
            waiting_on="department",
        ),
    )
    until(lambda: provider.of("K-1"))
    event = provider.of("K-1")[0]
    assert event["specversion"] == "1.0"
    assert event["source"] == "https://kodomo.example.lg.jp"
    assert event["type"] == "jp.machi.case.status.v1"
    assert event["sequence"] == "00000000000000000001"
    assert datetime.fromisoformat(event["time"]).tzinfo is not None
    assert event["data"] == {
        "resident": {"format": "iss_sub", "iss": provider.issuer, "sub": "pw-hanako"},
        "phase": "received",
        "procedure": {"code": "daycare", "title": {"ja": "保育所等利用申込", "en": "Nursery application"}},
        "receipt_number": "K-1",
        "waiting_on": "department",
        "received_at": "2026-05-01T09:30:00.000+00:00",
        "expected_by": "2026-06-01",
        "notify": "auto",
    }


def test_nothing_is_lost_and_order_is_kept_while_my_page_is_down(app: App, provider: TinyProvider) -> None:
    provider.served.stop()
    app.machi.reporter.start()
    for number in range(30):
        app.machi.reporter.report_case(f"K-{number % 3}", status(app, "in_review"))
    until(lambda: any(item.attempts for item in app.machi.reporter.deliveries("K-0")))
    waiting = app.machi.reporter.deliveries("K-0")
    assert {item.state for item in waiting} == {"waiting"}
    provider.served.start()
    until(lambda: len(provider.events) == 30)
    for subject in ("K-0", "K-1", "K-2"):
        assert [int(event["sequence"]) for event in provider.of(subject)] == list(range(1, 11))
    until(lambda: app.machi.reporter.counts() == {"waiting": 0, "sent": 30, "rejected": 0})


def test_what_was_reported_before_a_restart_is_sent_after_it(app: App, provider: TinyProvider, tmp_path: Path) -> None:
    app.machi.reporter.report_case("K-1", status(app))
    app.close()
    again = App(provider, tmp_path)
    try:
        again.machi.reporter.start()
        until(lambda: provider.of("K-1"))
        again.machi.reporter.report_case("K-1", status(again, "in_review"))
        until(lambda: len(provider.of("K-1")) == 2)
        assert provider.of("K-1")[1]["sequence"].endswith("2")
    finally:
        again.close()


def test_many_events_go_in_batches(app: App, provider: TinyProvider) -> None:
    for number in range(501):
        app.machi.reporter.report_case(f"K-{number}", status(app))
    app.machi.reporter.start()
    until(lambda: len(provider.events) == 501, seconds=30)
    assert provider.batches == [500, 1]


def test_a_refused_event_is_kept_with_its_reason_and_does_not_hold_up_others(app: App, provider: TinyProvider) -> None:
    provider.refuse["K-1"] = {"status": 422, "title": "Unknown phase", "detail": "allowed: ...", "allowed": ["sent"]}
    app.machi.reporter.report_case("K-1", status(app))
    app.machi.reporter.report_case("K-2", status(app))
    app.machi.reporter.start()
    until(lambda: provider.of("K-2"))
    refused = until(lambda: app.machi.reporter.rejected())
    assert [(item.subject, item.problem) for item in refused] == [("K-1", "422 Unknown phase allowed: ...")]  # type: ignore[attr-defined]
    provider.refuse.clear()
    assert app.machi.reporter.retry(app.machi.reporter.rejected()[0].id)
    until(lambda: provider.of("K-1"))
    assert not app.machi.reporter.retry("unknown")


def test_a_single_refused_event_has_its_own_answer(app: App, provider: TinyProvider) -> None:
    provider.refuse["K-1"] = {"status": 403, "title": "Foreign source"}
    app.machi.reporter.start()
    app.machi.reporter.report_case("K-1", status(app))
    until(lambda: app.machi.reporter.counts()["rejected"] == 1)


def test_too_many_requests_waits_as_long_as_asked(
    app: App, provider: TinyProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "LOOK_EVERY", 0.01)
    now, looks = [1000.0], list[float]()

    def clock() -> float:
        looks.append(now[0])
        return now[0]

    app.machi.reporter._sender._clock = clock
    provider.answers = [(429, {"Retry-After": "300"})]
    app.machi.reporter.report_case("K-1", status(app))
    app.machi.reporter.start()
    until(lambda: provider.answers == [])
    app.machi.reporter.report_case("K-2", status(app))
    for now[0] in (1000.0, 1299.9):
        until(lambda: looks.count(now[0]) > 10)  # it went round and round, and sent nothing
        assert provider.events == []
    now[0] = 1300.0
    until(lambda: len(provider.events) == 2)
    assert [event["subject"] for event in provider.events] == ["K-1", "K-2"]


def test_a_spent_token_is_replaced_at_once(app: App, provider: TinyProvider) -> None:
    provider.answers = [(401, {"WWW-Authenticate": "Bearer"})]
    app.machi.reporter.start()
    app.machi.reporter.report_case("K-1", status(app))
    until(lambda: provider.of("K-1"), seconds=2)
    asked = [form for form in provider.token_requests if form["grant_type"] == "client_credentials"]
    assert len(asked) == 2
    assert asked[0]["resource"] == provider.issuer + "/api/v1"
    assert asked[0]["scope"] == "case:write notice:write task:write"


def test_a_refused_batch_is_sent_one_by_one(app: App, provider: TinyProvider) -> None:
    provider.answers = [(413, {})]
    app.machi.reporter.report_case("K-1", status(app))
    app.machi.reporter.report_case("K-2", status(app))
    app.machi.reporter.start()
    until(lambda: len(provider.events) == 2)
    assert provider.batches == [1, 1]


def test_a_change_that_is_rolled_back_is_not_reported(app: App, provider: TinyProvider) -> None:
    def fail() -> None:
        with app.machi.database.transaction() as tx:
            app.machi.reporter.report_case("K-1", status(app), tx=tx)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    app.machi.reporter.report_case("K-2", status(app))
    app.machi.reporter.start()
    until(lambda: provider.of("K-2"))
    # The provider has the event a moment before the reporter has written down that it took it.
    until(lambda: app.machi.reporter.counts()["waiting"] == 0)
    assert provider.of("K-1") == []


def test_two_processes_of_one_app_do_not_send_at_the_same_time(
    app: App, provider: TinyProvider, tmp_path: Path
) -> None:
    second = App(provider, tmp_path)
    try:
        app.machi.reporter.start()
        app.machi.reporter.report_case("K-0", status(app))
        until(lambda: provider.of("K-0"))
        second.machi.reporter.start()
        for _ in range(20):
            second.machi.reporter.report_case("K-1", status(second))
        until(lambda: len(provider.of("K-1")) == 20)
        assert [int(event["sequence"]) for event in provider.of("K-1")] == list(range(1, 21))
        app.machi.reporter.stop()
        second.machi.reporter.report_case("K-2", status(second))
        until(lambda: provider.of("K-2"))
    finally:
        second.close()


def test_notices_and_tasks(app: App, provider: TinyProvider) -> None:
    reporter = app.machi.reporter
    reporter.start()
    who = by_local_number("0000010011")
    title: Text = {"ja": "入所説明会", "en": "Open day"}
    reporter.publish_notice(
        "N-1", Notice(resident=who, title=title, body=title), expires=datetime(2027, 1, 1, tzinfo=UTC)
    )
    reporter.open_task("T-1", Task(resident=who, title=title, action=Action("visit", title)))
    reporter.close_task("T-1", who, "done")
    reporter.withdraw_notice("N-1", who)
    until(lambda: len(provider.events) == 4)
    kinds = [event["type"].split(".", 2)[2] for event in provider.events]
    assert kinds == ["notice.published.v1", "task.opened.v1", "task.closed.v1", "notice.withdrawn.v1"]
    assert provider.events[0]["data"]["resident"] == {"format": "local_number", "number": "0000010011"}
    assert provider.events[0]["expirytime"].startswith("2027-01-01T00:00:00")


def test_what_the_wire_would_refuse_is_refused_when_it_is_written(app: App) -> None:
    with pytest.raises(ValueError, match="reason"):
        status(app, "action_required")
    with pytest.raises(ValueError, match="reason"):
        status(app, "decided", outcome="rejected")
    with pytest.raises(ValueError, match="Japanese"):
        app.machi.reporter.report_case("K-1", status(app, label={"en": "only"}))
    with pytest.raises(ValueError, match="time zone"):
        app.machi.reporter.report_case("K-1", status(app, received_at=datetime(2026, 1, 1)))  # noqa: DTZ001
    with pytest.raises(ValueError, match="256 KB"):
        app.machi.reporter.report_case("K-1", status(app, label={"ja": "あ" * 100_000}))
    assert by_local_number("A-1".replace("-", "")).to_data()["number"] == "A1"
    for number in ("1" * 12, "", "12a", "１２３", "1" * 21):
        with pytest.raises(ValueError, match="local number"):
            by_local_number(number)
    assert by_handle("h-1").to_data() == {"format": "opaque", "id": "h-1"}


@pytest.mark.parametrize("body", ["[]", "{}", "not json", '{"results": 1}', '{"results": ["x", {}, {"id": 1}]}'])
def test_an_answer_without_sense_loses_nothing_and_the_sender_goes_on(
    app: App, provider: TinyProvider, body: str
) -> None:
    normal = provider.served.app.view_functions["take_events"]
    seen: list[int] = []

    def nonsense() -> tuple[str, int]:
        seen.append(1)
        return body, 202

    provider.served.app.view_functions["take_events"] = nonsense
    app.machi.reporter.start()
    app.machi.reporter.report_case("K-1", status(app))
    until(lambda: seen)
    assert app.machi.reporter.counts() == {"waiting": 1, "sent": 0, "rejected": 0}
    provider.served.app.view_functions["take_events"] = normal
    until(lambda: provider.of("K-1"))
