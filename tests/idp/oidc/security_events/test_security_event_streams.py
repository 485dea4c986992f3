"""Streams of security events (SSF §7, §8.1): an app manages its own, and nobody else's."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from idp.foundation.ids import new_id
from idp.oidc.security_events.event_types import SUPPORTED
from idp.oidc.security_events.model import EventStream, SecurityEvent
from tests.support.browser import Browser
from tests.support.subscriber import CREDENTIAL, POLL, PUSH, REVOKED, EventServer, Subscriber
from tests.support.town import Town

ADDRESS = "https://93.184.216.34/events"  # a public address, so that no name is looked up


@pytest.fixture
def subscriber(shared_town: Town) -> Subscriber:
    return Subscriber(shared_town)


def test_the_metadata_names_what_works(shared_town: Town) -> None:
    answer = shared_town.app.test_client().get("/.well-known/ssf-configuration")
    found: dict[str, Any] = answer.json
    assert answer.headers["Cache-Control"] == "public, max-age=600"
    assert (found["spec_version"], found["issuer"]) == ("1_0", shared_town.issuer)
    assert found["delivery_methods_supported"] == [PUSH, POLL]
    assert found["authorization_schemes"] == [{"spec_urn": "urn:ietf:rfc:6749"}]
    assert found["default_subjects"] == "ALL"
    assert set(found["critical_subject_members"]) == {"user", "session"}
    served = {rule.rule for rule in shared_town.app.url_map.iter_rules()}
    for name, value in found.items():
        if name.endswith(("_endpoint", "_uri")):
            assert value.removeprefix(shared_town.issuer) in served, name


def test_a_stream_is_made_read_changed_replaced_and_deleted(any_town: Town) -> None:
    me = Subscriber(any_town)
    made = me.subscribe(ADDRESS, "Bearer of-the-receiver", description="office", events_requested=[REVOKED, "urn:x"])
    assert made == {
        "stream_id": made["stream_id"],
        "iss": any_town.issuer,
        "aud": me.app.client_id,
        "delivery": {"method": PUSH, "endpoint_url": ADDRESS},
        "events_supported": list(SUPPORTED),
        "events_requested": [REVOKED, "urn:x"],
        "events_delivered": [REVOKED],
        "description": "office",
    }
    read = me.call("GET", "/ssf/streams", query_string={"stream_id": made["stream_id"]}, token=me.token("ssf.read"))
    assert (read.status_code, read.json, read.headers["Cache-Control"]) == (200, made, "no-store")
    assert me.call("GET", "/ssf/streams").json == [made]

    changed = me.call("PATCH", "/ssf/streams", me.named(events_requested=[CREDENTIAL], iss=any_town.issuer)).json
    assert changed == made | {"events_requested": [CREDENTIAL], "events_delivered": [CREDENTIAL]}

    replaced = me.call("PUT", "/ssf/streams", me.named(events_requested=[REVOKED]))
    address = f"{any_town.issuer}/ssf/poll/{made['stream_id']}"
    assert replaced.json["delivery"] == {"method": POLL, "endpoint_url": address}
    assert "description" not in replaced.json
    assert me.call("GET", "/ssf/streams").json == [replaced.json]

    ended = me.call("DELETE", "/ssf/streams", query_string=me.named())
    assert (ended.status_code, ended.data) == (204, b"")
    assert me.call("GET", "/ssf/streams").json == []
    assert me.call("DELETE", "/ssf/streams", query_string=me.named()).status_code == 404
    assert any_town.count(EventStream) == 0
    did = [json.loads(e.facts)["did"] for e in any_town.events("event_stream_changed")]
    assert did == ["created", "changed", "changed", "deleted"]


def test_the_receivers_header_is_kept_sealed_and_shown_to_nobody(shared_town: Town, subscriber: Subscriber) -> None:
    subscriber.subscribe(ADDRESS, "Bearer of-the-receiver")
    [row] = shared_town.rows(EventStream, EventStream.client_id == subscriber.app.client_id)
    assert b"of-the-receiver" not in row.authorization_sealed
    shown = (
        subscriber.call("GET", "/ssf/streams").text + subscriber.call("PATCH", "/ssf/streams", subscriber.named()).text
    )
    assert "of-the-receiver" not in shown


def test_without_delivery_a_stream_is_polled(subscriber: Subscriber) -> None:
    made = subscriber.call("POST", "/ssf/streams", {}).json
    assert made["delivery"]["method"] == POLL
    assert (made["events_requested"], made["events_delivered"]) == ([], [])


def test_one_stream_for_each_app(subscriber: Subscriber) -> None:
    subscriber.subscribe()
    again = subscriber.create()
    assert (again.status_code, again.mimetype) == (409, "application/problem+json")
    assert subscriber.call("GET", "/ssf/streams").json == [subscriber.stream]


@pytest.mark.parametrize(
    "body",
    [
        {"events_requested": REVOKED},
        {"events_requested": [1]},
        {"events_requested": ["x" * 300]},
        {"events_requested": ["a\0b"]},
        {"events_requested": [f"urn:{n}" for n in range(60)]},
        {"description": 1},
        {"description": "x" * 2000},
        {"description": "a\0b"},
        {"delivery": "push"},
        {"delivery": {}},
        {"delivery": {"method": "urn:ietf:rfc:9999"}},
        {"delivery": {"method": PUSH}},
        {"delivery": {"method": PUSH, "endpoint_url": 1}},
        {"delivery": {"method": PUSH, "endpoint_url": ADDRESS + "#part"}},
        {"delivery": {"method": PUSH, "endpoint_url": ADDRESS + "\r\nX: y"}},
        {"delivery": {"method": PUSH, "endpoint_url": "javascript:alert(1)"}},
        {"delivery": {"method": PUSH, "endpoint_url": "https://user:pw@93.184.216.34/"}},
        {"delivery": {"method": PUSH, "endpoint_url": "http://93.184.216.34/"}},
        {"delivery": {"method": PUSH, "endpoint_url": "https://10.0.0.1/"}},
        {"delivery": {"method": PUSH, "endpoint_url": "https://169.254.169.254/"}},
        {"delivery": {"method": PUSH, "endpoint_url": "https://[::ffff:10.0.0.1]/"}},
        {"delivery": {"method": PUSH, "endpoint_url": ADDRESS, "authorization_header": "Bearer x\r\nHost: y"}},
        {"delivery": {"method": PUSH, "endpoint_url": ADDRESS, "authorization_header": ["x"]}},
    ],
    ids=lambda body: json.dumps(body)[:60],
)
def test_what_cannot_be_is_refused(shared_town: Town, body: dict[str, Any]) -> None:
    me = Subscriber(shared_town)
    answer = me.create(**body)
    assert (answer.status_code, answer.json["title"]) == (400, "invalid_request"), answer.text
    me.subscribe()
    for method in ("PATCH", "PUT"):
        assert me.call(method, "/ssf/streams", me.named(**body)).status_code == 400
    assert me.call("GET", "/ssf/streams").json == [me.stream]


def test_an_address_of_this_machine_is_refused_where_it_is_not_allowed(sqlite_url: str) -> None:
    with Town(sqlite_url, outbound_loopback=False) as town:
        delivery = {"method": PUSH, "endpoint_url": "https://127.0.0.1/events"}
        assert Subscriber(town).create(delivery=delivery).status_code == 400


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"{" * 70000], ids=["empty", "cut", "list", "text", "huge"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/ssf/streams"),
        ("PATCH", "/ssf/streams"),
        ("PUT", "/ssf/streams"),
        ("POST", "/ssf/status"),
        ("POST", "/ssf/verify"),
        ("POST", "/ssf/subjects/add"),
        ("POST", "/ssf/subjects/remove"),
    ],
)
def test_a_broken_body_is_refused(shared_subscriber: Subscriber, method: str, path: str, body: bytes) -> None:
    assert shared_subscriber.call(method, path, data=body).status_code == 400


@pytest.fixture(scope="module")
def shared_subscriber(shared_town: Town) -> Subscriber:
    me = Subscriber(shared_town)
    me.subscribe()
    return me


@pytest.mark.parametrize("member", ["iss", "aud", "events_supported", "events_delivered"])
def test_what_is_ours_is_not_theirs_to_say(shared_subscriber: Subscriber, member: str) -> None:
    for method in ("PATCH", "PUT"):
        answer = shared_subscriber.call(method, "/ssf/streams", shared_subscriber.named(**{member: "https://other"}))
        assert answer.status_code == 400
        assert member in answer.json["detail"]


def test_a_poll_address_of_ones_own_choice_is_refused(shared_subscriber: Subscriber) -> None:
    other = {"method": POLL, "endpoint_url": "https://other.example/"}
    assert shared_subscriber.call("PATCH", "/ssf/streams", shared_subscriber.named(delivery=other)).status_code == 400
    own = shared_subscriber.stream["delivery"]
    assert shared_subscriber.call("PATCH", "/ssf/streams", shared_subscriber.named(delivery=own)).status_code == 200


CALLS = [
    ("GET", "/ssf/streams"),
    ("PATCH", "/ssf/streams"),
    ("PUT", "/ssf/streams"),
    ("DELETE", "/ssf/streams"),
    ("GET", "/ssf/status"),
    ("POST", "/ssf/status"),
    ("POST", "/ssf/verify"),
    ("POST", "/ssf/subjects/add"),
    ("POST", "/ssf/subjects/remove"),
    ("POST", "/ssf/poll/STREAM"),
]


def asked(me: Subscriber, method: str, path: str, stream_id: str, token: str | None = None) -> Any:
    if method in ("GET", "DELETE"):
        return me.call(method, path, query_string={"stream_id": stream_id}, token=token)
    body = {"stream_id": stream_id, "status": "enabled"} if "poll" not in path else {"returnImmediately": True}
    return me.call(method, path.replace("STREAM", stream_id), body, token=token)


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize("which", ["foreign", "unknown", "malformed", "nul"])
def test_another_apps_stream_is_as_good_as_none(
    shared_town: Town, shared_subscriber: Subscriber, method: str, path: str, which: str
) -> None:
    foreign = shared_subscriber.stream["stream_id"]
    stream_id = {"foreign": foreign, "unknown": new_id(), "malformed": "../x", "nul": "a\0b"}[which]
    if "poll" in path and which in ("malformed", "nul"):
        return
    answer = asked(Subscriber(shared_town), method, path, stream_id)
    assert (answer.status_code, answer.json["title"]) == (404, "unknown_stream")
    assert shared_subscriber.call("GET", "/ssf/streams").json == [shared_subscriber.stream]


@pytest.mark.parametrize(("method", "path"), [*CALLS, ("POST", "/ssf/streams")])
def test_each_call_needs_a_token_of_the_apps_own_with_the_scope(
    shared_town: Town, shared_browser: Browser, method: str, path: str
) -> None:
    me = Subscriber(shared_town, "openid profile case:write ssf.manage ssf.read")
    stream_id = me.subscribe()["stream_id"]
    for token in ("x", base64.b64encode(b"a:b").decode(), shared_browser.tokens(me.app)["access_token"]):
        answer = asked(me, method, path, stream_id, token)
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    answer = asked(me, method, path, stream_id, me.token("case:write"))
    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]
    reads = method == "GET" or "poll" in path
    assert asked(me, method, path, stream_id, me.token("ssf.read")).status_code == (200 if reads else 403)
    bare = shared_town.app.test_client().open(path, method=method)
    assert bare.status_code == 401
    assert bare.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_in_the_address_is_no_token(shared_town: Town, shared_subscriber: Subscriber) -> None:
    query = {"access_token": shared_subscriber.token()}
    assert shared_town.app.test_client().get("/ssf/streams", query_string=query).status_code == 401


def test_a_stream_id_must_be_named(shared_subscriber: Subscriber) -> None:
    for body in ({}, {"stream_id": None}, {"stream_id": 1}, {"stream_id": ["x"]}):
        for method, path in (("PATCH", "/ssf/streams"), ("PUT", "/ssf/streams"), ("POST", "/ssf/verify")):
            assert shared_subscriber.call(method, path, body).status_code == 400


@pytest.mark.parametrize("status", ["enabled", "paused", "disabled"])
def test_the_status_is_set_and_read(subscriber: Subscriber, status: str) -> None:
    subscriber.subscribe()
    shown = subscriber.named(status=status, reason="work on the office")
    assert subscriber.call("POST", "/ssf/status", shown).json == shown
    read = subscriber.call("GET", "/ssf/status", query_string=subscriber.named(), token=subscriber.token("ssf.read"))
    assert read.json == shown


@pytest.mark.parametrize(
    "body", [{}, {"status": "off"}, {"status": ["paused"]}, {"status": "paused", "reason": 1}], ids=str
)
def test_no_other_status(shared_subscriber: Subscriber, body: dict[str, Any]) -> None:
    assert shared_subscriber.call("POST", "/ssf/status", shared_subscriber.named(**body)).status_code == 400


@pytest.mark.parametrize("state", [1, ["x"], {}, "x" * 2000, "a\0b"], ids=lambda s: str(s)[:10])
def test_a_state_is_a_short_text(shared_subscriber: Subscriber, state: Any) -> None:
    answer = shared_subscriber.call("POST", "/ssf/verify", shared_subscriber.named(state=state))
    assert answer.status_code == 400


def test_too_many_verifications_are_refused(town: Town) -> None:
    me = Subscriber(town)
    me.subscribe()
    codes = [me.call("POST", "/ssf/verify", me.named()).status_code for _ in range(31)]
    assert codes == [204] * 30 + [429]


def test_a_disabled_stream_cannot_be_verified(subscriber: Subscriber) -> None:
    subscriber.subscribe()
    subscriber.status("disabled")
    assert subscriber.call("POST", "/ssf/verify", subscriber.named()).status_code == 400


def test_a_resident_is_removed_and_added_again(any_town: Town) -> None:
    me, browser = Subscriber(any_town), any_town.signed_in()
    me.subscribe()
    sub = me.sub(browser)["sub"]
    subject = {"format": "iss_sub", "iss": any_town.issuer, "sub": sub}
    for _ in range(2):  # again is no error
        assert me.call("POST", "/ssf/subjects/remove", me.named(subject=subject)).status_code == 204
    browser.post("/signout")
    assert me.fetch() == []
    browser = any_town.signed_in()
    me.sub(browser)
    added = me.call("POST", "/ssf/subjects/add", me.named(subject=subject, verified=True))
    assert (added.status_code, added.data) == (200, b"")
    browser.post("/signout")
    [event] = me.fetch()
    assert event["sub_id"]["user"]["sub"] == sub


def test_subjects_of_others_are_unknown(shared_town: Town, shared_subscriber: Subscriber) -> None:
    browser, other = shared_town.signed_in(), Subscriber(shared_town)
    theirs = other.sub(browser)["sub"]
    for subject, code in [
        ({"format": "iss_sub", "iss": shared_town.issuer, "sub": theirs}, 404),
        ({"format": "iss_sub", "iss": "https://other.example", "sub": theirs}, 404),
        ({"format": "iss_sub", "iss": shared_town.issuer, "sub": "a\0b"}, 404),
        ({"format": "email", "email": "hanako@example.jp"}, 404),
        ({"format": "iss_sub", "iss": shared_town.issuer}, 400),
        ({"format": "iss_sub", "sub": theirs}, 400),
        ({"sub": theirs}, 400),
        ({"format": ["iss_sub"]}, 400),
        ("x", 400),
        (None, 400),
    ]:
        for path in ("/ssf/subjects/add", "/ssf/subjects/remove"):
            assert shared_subscriber.call("POST", path, shared_subscriber.named(subject=subject)).status_code == code


def test_deleting_forgets_what_waits(town: Town) -> None:
    me = Subscriber(town)
    me.subscribe()
    me.verify()
    assert town.count(SecurityEvent) == 1
    me.call("DELETE", "/ssf/streams", query_string=me.named())
    assert town.count(SecurityEvent) == 0


def test_the_list_on_the_command_line(any_town: Town) -> None:
    me, server = Subscriber(any_town), EventServer()
    me.subscribe(server.uri, "Bearer of-the-receiver")
    me.status("paused")
    me.verify()
    answer = any_town.app.test_cli_runner().invoke(args=["machi", "clients", "streams", "--json"])
    server.served.stop()
    assert json.loads(answer.output) == {
        "streams": [
            {
                "client_id": me.app.client_id,
                "delivery": server.uri,
                "events": [REVOKED, CREDENTIAL],
                "status": "paused",
                "waiting": 1,
            }
        ]
    }
