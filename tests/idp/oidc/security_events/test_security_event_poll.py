"""Poll of security events (RFC 8936): fetched, acknowledged, refused, waited for."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from idp.foundation.ids import new_id
from idp.oidc.security_events import poll as poll_module
from idp.oidc.security_events.model import SecurityEvent
from tests.support.subscriber import VERIFICATION, Subscriber
from tests.support.town import Town
from tests.support.waiting import until


def polling(town: Town, *states: str) -> Subscriber:
    me = Subscriber(town)
    me.subscribe()
    for state in states:
        me.verify(state)
    return me


def states(me: Subscriber, answer: dict[str, Any]) -> list[str]:
    return [me.claims(token)["events"][VERIFICATION]["state"] for token in answer["sets"].values()]


def test_events_come_oldest_first_until_they_are_acknowledged(any_town: Town) -> None:
    me = polling(any_town, "1", "2", "3")
    first = me.poll(maxEvents=2)
    assert (states(me, first), first["moreAvailable"]) == (["1", "2"], True)
    for jti, token in first["sets"].items():
        assert me.claims(token)["jti"] == jti
    assert me.poll(maxEvents=2)["sets"].keys() == first["sets"].keys()  # nothing is lost with an answer
    second = me.poll(maxEvents=2, ack=list(first["sets"]))
    assert (states(me, second), second["moreAvailable"]) == (["3"], False)
    assert me.poll(ack=list(second["sets"]), maxEvents=0) == {"sets": {}, "moreAvailable": False}
    assert any_town.count(SecurityEvent) == 0
    assert me.poll() == {"sets": {}, "moreAvailable": False}


def test_acknowledging_only_gives_nothing_and_keeps_the_rest(town: Town) -> None:
    me = polling(town, "1", "2")
    jti = next(iter(me.poll(maxEvents=1)["sets"]))
    assert me.poll(ack=[jti], maxEvents=0) == {"sets": {}, "moreAvailable": False}
    assert states(me, me.poll()) == ["2"]


def test_an_event_that_the_app_cannot_use_is_not_sent_again(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    me = polling(town, "1", "2")
    jti = next(iter(me.poll(maxEvents=1)["sets"]))
    answer = me.poll(setErrs={jti: {"err": "invalid_key", "description": "x\nforged line"}})
    assert states(me, answer) == ["2"]
    assert "refused 1 security events" in caplog.text
    assert "forged line" not in caplog.text


def test_what_is_not_ones_own_cannot_be_acknowledged(town: Town) -> None:
    me, other = polling(town, "1"), polling(town, "2")
    theirs = list(other.poll()["sets"])
    me.poll(ack=[*theirs, new_id(), "x", "a\0b"], setErrs={theirs[0]: {}})
    assert states(other, other.poll()) == ["2"]
    assert states(me, me.poll()) == ["1"]


@pytest.fixture(scope="module")
def shared_subscriber(shared_town: Town) -> Subscriber:
    return polling(shared_town)


@pytest.mark.parametrize(
    "body",
    [
        {"maxEvents": -1},
        {"maxEvents": "1"},
        {"maxEvents": True},
        {"maxEvents": 1.5},
        {"returnImmediately": "yes"},
        {"ack": "x"},
        {"ack": [1]},
        {"ack": {"x": 1}},
        {"ack": ["x"] * 1001},
        {"setErrs": []},
        {"setErrs": {"x": "invalid"}},
    ],
    ids=lambda body: str(body)[:30],
)
def test_bad_requests(shared_subscriber: Subscriber, body: dict[str, Any]) -> None:
    path = shared_subscriber.stream["delivery"]["endpoint_url"].removeprefix(shared_subscriber.town.issuer)
    assert shared_subscriber.call("POST", path, body).status_code == 400


def test_more_than_a_hundred_at_once_is_a_hundred(shared_subscriber: Subscriber) -> None:
    assert poll_module.parse({"maxEvents": 5000}).limit == 100


def test_a_stream_that_is_pushed_is_not_polled(town: Town) -> None:
    me = Subscriber(town)
    me.subscribe("https://93.184.216.34/events")
    path = f"/ssf/poll/{me.stream['stream_id']}"
    assert me.call("POST", path, {"returnImmediately": True}).status_code == 404


def test_a_paused_stream_gives_nothing_but_takes_acknowledgements(town: Town) -> None:
    me = polling(town, "1")
    taken = list(me.poll()["sets"])
    me.status("paused")
    assert me.poll(ack=taken)["sets"] == {}
    me.status("enabled")
    assert me.poll()["sets"] == {}


def waited(me: Subscriber, found: list[Any]) -> threading.Thread:
    """A poll in a thread of its own that waits for an event."""
    path = me.stream["delivery"]["endpoint_url"].removeprefix(me.town.issuer)
    token = me.token("ssf.read")

    def ask() -> None:
        found.append(me.call("POST", path, {}, token=token).json)

    thread = threading.Thread(target=ask)
    thread.start()
    return thread


def listening(me: Subscriber) -> bool:
    return f"security-events:{me.stream['stream_id']}" in me.town.parts.bus._channels  # type: ignore[attr-defined]


def test_a_poll_that_waits_is_answered_when_something_happens(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poll_module, "WAIT_SECONDS", 3600.0)  # never by itself
    me, found = polling(town), []  # type: Subscriber, list[Any]
    thread = waited(me, found)
    until(lambda: listening(me))
    me.verify("now")
    thread.join(timeout=30)
    assert states(me, found[0]) == ["now"]


def test_waiting_ends_after_a_while(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poll_module, "WAIT_SECONDS", 0.05)
    found: list[Any] = []
    me = polling(town)
    for _ in range(2):  # whoever has waited may wait again
        waited(me, found).join(timeout=5)
    assert found == [{"sets": {}, "moreAvailable": False}] * 2


@pytest.mark.parametrize("whose", ["its own", "another"])
def test_few_may_wait_at_once_and_others_are_answered(town: Town, monkeypatch: pytest.MonkeyPatch, whose: str) -> None:
    """One for each stream, so that no app takes the place of all."""
    monkeypatch.setattr(poll_module, "_waiting", poll_module.Waiters(1 if whose == "another" else 4))
    me = polling(town)
    other = polling(town) if whose == "another" else me
    first: list[Any] = []
    second: list[Any] = []
    thread = waited(me, first)
    until(lambda: listening(me))
    waited(other, second).join(timeout=2)
    assert second == [{"sets": {}, "moreAvailable": False}]
    me.verify("now")
    thread.join(timeout=5)
    assert states(me, first[0]) == ["now"]
