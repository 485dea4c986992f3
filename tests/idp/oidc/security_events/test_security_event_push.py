"""Push of security events (RFC 8935), over real HTTP: until the app says 202, and never lost."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest

from idp.foundation import clock
from idp.foundation.outbox import PAUSES, OutboxRow
from idp.oidc.security_events.model import SecurityEvent
from tests.support.subscriber import POLL, PUSH, REVOKED, VERIFICATION, EventServer, Subscriber
from tests.support.town import Town

SECRET = "Bearer of-the-receiver"


@pytest.fixture
def server() -> Iterator[EventServer]:
    server = EventServer()
    yield server
    server.served.stop()


def pushed(town: Town, server: EventServer, header: str | None = None) -> Subscriber:
    me = Subscriber(town)
    me.subscribe(server.uri, header)
    return me


def deliver(town: Town) -> None:
    town.parts.worker.run_once()


def waiting(town: Town) -> tuple[int, int]:
    """Events, and jobs for them."""
    return town.count(SecurityEvent), town.count(OutboxRow, OutboxRow.topic == "oidc.security_event")


def test_an_event_is_pushed_and_forgotten(any_town: Town, server: EventServer) -> None:
    me, browser = pushed(any_town, server, SECRET), any_town.signed_in()
    sub = me.sub(browser)["sub"]
    browser.post("/signout")
    deliver(any_town)
    [token] = server.got
    claims = me.claims(token)
    assert claims["events"].keys() == {REVOKED}
    assert claims["sub_id"]["user"]["sub"] == sub
    [headers] = server.headers
    assert headers["Content-Type"] == "application/secevent+jwt"
    assert headers["Accept"] == "application/json"
    assert headers["Authorization"] == SECRET
    assert waiting(any_town) == (0, 0)


def test_without_a_header_of_the_receiver_there_is_none(town: Town, server: EventServer) -> None:
    pushed(town, server).verify("state-1")
    deliver(town)
    assert "Authorization" not in server.headers[0]


def test_the_header_stays_when_what_was_read_is_sent_back_and_goes_with_the_address(
    town: Town, server: EventServer
) -> None:
    """It is not shown, so it cannot be repeated; an address it was not meant for does not get it."""
    me = pushed(town, server, SECRET)
    sent: list[str | None] = []
    for delivery in (
        me.stream["delivery"],
        me.stream["delivery"] | {"endpoint_url": server.uri + "?other"},
        me.stream["delivery"] | {"authorization_header": SECRET},
        me.stream["delivery"] | {"authorization_header": None},
    ):
        body = me.call("GET", "/ssf/streams").json[0] | {"delivery": delivery}
        assert me.call("PUT", "/ssf/streams", body).status_code == 200
        me.verify()
        deliver(town)
        sent.append(server.headers[-1].get("Authorization"))
    assert sent == [SECRET, None, SECRET, None]


@pytest.mark.parametrize("status", [200, 302, 401, 404, 429, 500])
def test_what_is_not_202_is_sent_again_with_the_same_jti(town: Town, server: EventServer, status: int) -> None:
    me = pushed(town, server)
    me.verify()
    server.status, server.location = status, server.uri if status < 400 else ""
    deliver(town)
    assert len(server.got) == 1  # a redirect is not followed
    [row] = town.rows(OutboxRow)
    assert (row.attempts, row.gave_up, row.last_error) == (1, False, f"status {status}")
    server.status, server.location = 202, ""
    deliver(town)
    assert len(server.got) == 1  # not before its time
    with clock.travelled(timedelta(seconds=6)):
        deliver(town)
    first, second = (me.claims(token) for token in server.got)
    assert first == second
    assert waiting(town) == (0, 0)


@pytest.mark.parametrize("err", ["invalid_request", "invalid_issuer", "invalid_audience"])
def test_an_event_that_is_refused_for_good_is_not_sent_again(
    town: Town, server: EventServer, err: str, caplog: pytest.LogCaptureFixture
) -> None:
    me = pushed(town, server)
    me.verify("state-1")
    server.status, server.body = 400, f'{{"err": "{err}", "description": "no"}}'
    with caplog.at_level(logging.WARNING):
        deliver(town)
    assert waiting(town) == (0, 0)
    assert err in caplog.text
    assert "state-1" not in caplog.text


@pytest.mark.parametrize(
    "body",
    ['{"err": "invalid_key"}', '{"err": "authentication_failed"}', '{"err": "access_denied"}', "x", "[]", '{"err": 1}'],
)
def test_an_error_that_can_pass_is_tried_again(town: Town, server: EventServer, body: str) -> None:
    pushed(town, server).verify()
    server.status, server.body = 400, body
    deliver(town)
    assert waiting(town) == (1, 1)
    assert town.rows(OutboxRow)[0].last_error == "status 400"


def test_an_app_that_is_down_is_told_later(town: Town, server: EventServer) -> None:
    pushed(town, server).verify()
    server.served.stop()
    deliver(town)
    assert town.rows(OutboxRow)[0].attempts == 1
    server.served.start()
    with clock.travelled(timedelta(seconds=6)):
        deliver(town)
    assert len(server.got) == 1


def test_one_app_that_fails_keeps_no_other_waiting(town: Town, server: EventServer) -> None:
    down = Subscriber(town)
    down.subscribe("http://localhost:1/events")
    down.verify()
    pushed(town, server).verify()
    deliver(town)
    assert len(server.got) == 1


def test_a_private_address_is_not_called_even_if_it_was_public_before(sqlite_url: str, server: EventServer) -> None:
    with Town(sqlite_url) as town:
        pushed(town, server).verify()
    with Town(sqlite_url, outbound_loopback=False) as later:
        deliver(later)
        assert later.rows(OutboxRow)[0].last_error == "plain http is only for allow-listed networks"
    assert server.got == []


def test_events_survive_a_restart(sqlite_url: str, server: EventServer) -> None:
    with Town(sqlite_url) as town:
        pushed(town, server).verify("state-1")
    with Town(sqlite_url) as again:
        deliver(again)
    assert len(server.got) == 1


def test_after_a_day_it_is_given_up_and_sent_when_the_app_says_it_is_back(town: Town, server: EventServer) -> None:
    me = pushed(town, server)
    me.verify("state-1")
    server.status = 500
    passed = timedelta()
    for pause in (0, *PAUSES):
        passed += timedelta(seconds=pause + 1)
        with clock.travelled(passed):
            deliver(town)
    assert len(server.got) == len(PAUSES) + 1
    assert town.rows(OutboxRow)[0].gave_up
    server.status = 202
    me.status("enabled")
    deliver(town)
    assert me.claims(server.got[-1])["events"] == {VERIFICATION: {"state": "state-1"}}
    assert waiting(town) == (0, 0)


def test_saying_enabled_again_and_again_sends_nothing_twice(any_town: Town, server: EventServer) -> None:
    me = pushed(any_town, server)
    me.verify()
    for _ in range(3):
        me.status("enabled")
    assert waiting(any_town) == (1, 1)
    deliver(any_town)
    assert len(server.got) == 1


def test_a_pause_ends_pushes_and_holds_events(town: Town, server: EventServer) -> None:
    me = pushed(town, server)
    me.verify("before")
    me.status("paused")
    me.verify("meanwhile")
    deliver(town)
    assert server.got == []
    me.status("enabled")
    deliver(town)
    states = [me.claims(token)["events"][VERIFICATION]["state"] for token in server.got]
    assert states == ["before", "meanwhile"]


def test_disabled_means_dropped(town: Town, server: EventServer) -> None:
    me = pushed(town, server)
    me.verify()
    me.status("disabled")
    deliver(town)
    assert server.got == []
    assert waiting(town) == (0, 0)


def test_an_event_that_is_too_old_is_not_sent(town: Town, server: EventServer) -> None:
    pushed(town, server).verify()
    with clock.travelled(timedelta(days=8)):
        deliver(town)
    assert server.got == []


def test_the_way_of_delivery_can_change_under_waiting_events(town: Town, server: EventServer) -> None:
    me = pushed(town, server)
    me.verify("state-1")
    me.stream = me.call("PATCH", "/ssf/streams", me.named(delivery={"method": POLL})).json
    deliver(town)
    assert server.got == []
    assert len(me.poll()["sets"]) == 1
    delivery = {"method": PUSH, "endpoint_url": server.uri}
    assert me.call("PATCH", "/ssf/streams", me.named(delivery=delivery)).status_code == 200
    deliver(town)
    assert len(server.got) == 1


def test_a_deleted_stream_is_pushed_nothing(town: Town, server: EventServer) -> None:
    me = pushed(town, server)
    me.verify()
    me.call("DELETE", "/ssf/streams", query_string=me.named())
    deliver(town)
    assert server.got == []


def test_no_log_holds_the_receivers_secret(town: Town, server: EventServer, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        me = pushed(town, server, SECRET)
        me.verify()
        server.status = 500
        deliver(town)
    assert "of-the-receiver" not in caplog.text
    assert all("of-the-receiver" not in (row.last_error or "") + row.payload for row in town.rows(OutboxRow))
