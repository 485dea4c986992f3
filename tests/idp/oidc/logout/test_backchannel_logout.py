"""Back-Channel Logout 1.0: apps that took part are told, over real HTTP, until they have heard it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import jwt
import pytest
from flask import Flask, request
from sqlalchemy import update

from idp.foundation import clock
from idp.foundation.outbox import OutboxRow
from idp.oidc.clients.model import Client, SectorProof
from idp.oidc.grants.revoke import end_app_access
from idp.oidc.logout.backchannel_logout import EVENT, may_hear_sub
from tests.support.apps import App
from tests.support.server import free_port
from tests.support.serving import Served
from tests.support.town import Town
from tests.support.waiting import until


class Receiver:
    """An app's back-channel endpoint. `status` is what it answers; what it got is in `tokens`."""

    def __init__(self) -> None:
        self.status = 200
        self.tokens: list[str] = []
        app = Flask("receiver")
        app.add_url_rule("/logout", view_func=self._hear, methods=["POST"])
        self.served = Served(app, free_port())
        self.uri = f"{self.served.url}/logout"

    def _hear(self) -> tuple[str, int]:
        assert request.mimetype == "application/x-www-form-urlencoded"
        self.tokens.append(request.form["logout_token"])
        return "", self.status


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.served.stop()


def told(town: Town, app: App, token: str) -> dict[str, Any]:
    """The claims of a logout token, checked as an app must (§2.6)."""
    keys = jwt.PyJWKSet.from_dict(town.app.test_client().get("/jwks").json)
    header = jwt.get_unverified_header(token)
    alg = app.metadata["id_token_signed_response_alg"]
    assert header["typ"] == "logout+jwt"
    assert header["alg"] == alg
    claims: dict[str, Any] = jwt.decode(
        token, keys[header["kid"]].key, algorithms=[alg], audience=app.client_id, issuer=town.issuer,
        options={"verify_iat": False, "verify_exp": False},
    )  # fmt: skip
    return claims


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_the_app_hears_who_and_which_login(any_town: Town, receiver: Receiver, alg: str) -> None:
    browser = any_town.signed_in()
    app = any_town.register(backchannel_logout_uri=receiver.uri, id_token_signed_response_alg=alg)
    silent = any_town.register()
    id_token = app.id_token(browser.tokens(app)["id_token"])
    browser.sign_on(silent)
    browser.post("/signout")
    any_town.parts.worker.run_once()
    claims = told(any_town, app, receiver.tokens[0])
    assert set(claims) == {"iss", "sub", "aud", "iat", "exp", "jti", "sid", "events"}  # no nonce (§2.4)
    assert (claims["sub"], claims["sid"]) == (id_token["sub"], id_token["sid"])  # Keycloak #37839
    assert claims["events"] == {EVENT: {}}
    assert 0 < claims["exp"] - claims["iat"] <= 120
    assert len(receiver.tokens) == 1
    assert any_town.count(OutboxRow) == 0


def test_only_apps_that_took_part_hear_it(town: Town, receiver: Receiver) -> None:
    town.register(backchannel_logout_uri=receiver.uri)
    browser = town.signed_in()
    browser.sign_on(town.register())
    browser.post("/signout")
    town.parts.worker.run_once()
    assert receiver.tokens == []


def test_an_app_that_fails_is_told_again(town: Town, receiver: Receiver) -> None:
    browser, app = town.signed_in(), town.register(backchannel_logout_uri=receiver.uri)
    browser.sign_on(app)
    browser.post("/signout")
    receiver.status = 500
    town.parts.worker.run_once()
    assert len(receiver.tokens) == 1
    row = town.rows(OutboxRow)[0]
    assert (row.attempts, row.gave_up, row.last_error) == (1, False, "status 500")
    town.parts.worker.run_once()
    assert len(receiver.tokens) == 1  # not before its time
    receiver.status = 204
    with clock.travelled(timedelta(seconds=6)):
        town.parts.worker.run_once()
    assert len(receiver.tokens) == 2
    first, second = (told(town, app, t) for t in receiver.tokens)
    assert first["sid"] == second["sid"]
    assert first["jti"] != second["jti"]
    assert town.count(OutboxRow) == 0


def test_an_app_that_refuses_is_not_told_again(town: Town, receiver: Receiver) -> None:
    """400: it would refuse the same token again (§2.8)."""
    browser, app = town.signed_in(), town.register(backchannel_logout_uri=receiver.uri)
    browser.sign_on(app)
    browser.post("/signout")
    receiver.status = 400
    town.parts.worker.run_once()
    assert len(receiver.tokens) == 1
    assert town.count(OutboxRow) == 0


def test_an_app_that_is_down_is_told_later(town: Town, receiver: Receiver) -> None:
    browser, app = town.signed_in(), town.register(backchannel_logout_uri=receiver.uri)
    browser.sign_on(app)
    browser.post("/signout")
    receiver.served.stop()
    town.parts.worker.run_once()
    assert town.rows(OutboxRow)[0].attempts == 1
    receiver.served.start()
    with clock.travelled(timedelta(seconds=6)):
        town.parts.worker.run_once()
    assert len(receiver.tokens) == 1


def test_a_redirect_is_not_followed(town: Town, receiver: Receiver) -> None:
    browser, app = town.signed_in(), town.register(backchannel_logout_uri=receiver.uri)
    browser.sign_on(app)
    browser.post("/signout")
    receiver.status = 302
    town.parts.worker.run_once()
    assert town.rows(OutboxRow)[0].last_error == "status 302"


def test_one_app_that_fails_does_not_keep_others_from_hearing(town: Town, receiver: Receiver) -> None:
    browser = town.signed_in()
    browser.sign_on(town.register(backchannel_logout_uri="http://localhost:1/logout"))
    app = town.register(backchannel_logout_uri=receiver.uri)
    browser.sign_on(app)
    browser.post("/signout")
    town.parts.worker.run_once()
    assert len(receiver.tokens) == 1


def test_a_private_address_is_not_called(sqlite_url: str) -> None:
    """Canaille's change log: fetches without a guard."""
    with Town(sqlite_url, outbound_loopback=False) as town:
        browser, app = town.signed_in(), town.register(backchannel_logout_uri="https://127.0.0.1:1/logout")
        browser.sign_on(app)
        browser.post("/signout")
        town.parts.worker.run_once()
        assert town.rows(OutboxRow)[0].last_error == "the address is not public"


def test_ending_an_apps_access_tells_that_app_only(town: Town, receiver: Receiver) -> None:
    resident = town.resident()
    browser, app = town.signed_in(), town.register(backchannel_logout_uri=receiver.uri)
    other = town.register(backchannel_logout_uri=receiver.uri)
    sid = app.id_token(browser.tokens(app)["id_token"])["sid"]
    browser.sign_on(other)
    with town.writing() as session:
        end_app_access(session, resident, app.client_id)
    town.parts.worker.run_once()
    assert [told(town, app, t)["sid"] for t in receiver.tokens] == [sid]


def test_each_app_gets_its_own_sid_and_sub(town: Town, receiver: Receiver) -> None:
    """Two departments must not be able to join their logs. Keycloak #37839."""
    browser = town.signed_in()
    apps = [town.register(backchannel_logout_uri=receiver.uri) for _ in range(2)]
    claims = [app.id_token(browser.tokens(app)["id_token"]) for app in apps]
    assert claims[0]["sid"] != claims[1]["sid"]
    assert claims[0]["sub"] != claims[1]["sub"]
    browser.post("/signout")
    town.parts.worker.run_once()
    heard = {jwt.decode(t, options={"verify_signature": False})["aud"]: t for t in receiver.tokens}
    for app, before in zip(apps, claims, strict=True):
        after = told(town, app, heard[app.client_id])
        assert (after["sid"], after["sub"]) == (before["sid"], before["sub"])


def test_who_shares_a_sector_without_proof_hears_of_the_session_only(town: Town, receiver: Receiver) -> None:
    """The codes went to a department's address, the logout tokens to whoever registered the app (docs/decisions/0027)."""
    app = town.register(backchannel_logout_uri=receiver.uri)
    town.change(update(Client).where(Client.client_id == app.client_id).values(sector_proof=SectorProof.UNPROVEN.value))
    town.op.clients.forget(app.client_id)
    browser = town.signed_in()
    sid = app.id_token(browser.tokens(app)["id_token"])["sid"]
    browser.post("/signout")
    town.parts.worker.run_once()
    claims = told(town, app, receiver.tokens[0])
    assert claims["sid"] == sid
    assert "sub" not in claims


@pytest.mark.parametrize(
    ("uri", "proven", "heard"),
    [
        ("https://dept.example/out", False, True),
        ("https://dept.example:8443/out", False, True),
        ("https://DEPT.example/out", False, True),
        ("https://else.example/out", False, False),
        ("https://dept.example.else.example/out", False, False),
        ("http://dept.example/out", False, False),
        ("https://else.example/out", True, True),
    ],
)
def test_where_a_sub_may_be_heard(town: Town, uri: str, proven: bool, heard: bool) -> None:
    app = town.register(redirect_uris=["https://dept.example/cb"])
    client = town.op.clients.get(app.client_id)
    assert client is not None
    assert may_hear_sub(replace(client, sector_proven=proven), uri) is heard


def test_the_logout_token_opens_nothing(town: Town, receiver: Receiver) -> None:
    browser, app = town.signed_in(), town.register(backchannel_logout_uri=receiver.uri)
    browser.sign_on(app)
    browser.post("/signout")
    town.parts.worker.run_once()
    assert app.userinfo(receiver.tokens[0]).status_code == 401
    assert app.introspect(receiver.tokens[0]) == {"active": False}


class Silent:
    """An app's endpoint that takes the call and says nothing until `released`."""

    def __init__(self) -> None:
        self.called, self.released = threading.Event(), threading.Event()
        app = Flask("silent")
        app.add_url_rule("/logout", view_func=self._hear, methods=["POST"])
        self.served = Served(app, free_port())
        self.uri = f"{self.served.url}/logout"

    def _hear(self) -> str:
        self.called.set()
        self.released.wait(30)
        return ""


def test_an_app_that_hangs_delays_no_other(any_town: Town, receiver: Receiver) -> None:
    """The other's logout arrives while the first call, which came before it, still waits for its answer."""
    silent = Silent()
    hanging = any_town.register(backchannel_logout_uri=silent.uri)
    app = any_town.register(backchannel_logout_uri=receiver.uri)
    worker = any_town.parts.worker
    worker.start()
    try:
        first, second = any_town.signed_in(), any_town.signed_in("taro")
        first.sign_on(hanging)
        first.post("/signout")
        assert silent.called.wait(10)
        second.sign_on(app)
        second.post("/signout")
        until(lambda: len(receiver.tokens) == 1)
        [row] = any_town.rows(OutboxRow, OutboxRow.lane == hanging.client_id)
        assert row.attempts == 0  # not given up in the meantime: it is still under way
        assert row.leased_until is not None
        assert told(any_town, app, receiver.tokens[0])["events"] == {EVENT: {}}
    finally:
        silent.released.set()
        worker.stop()
        silent.served.stop()


def test_a_ping_and_an_event_go_by_the_lane_of_their_app(town: Town) -> None:
    from tests.support.ciba import Desk, answer
    from tests.support.subscriber import Subscriber

    desk = Desk(town, mode="ping", backchannel_client_notification_endpoint="https://93.184.216.34/ping")
    resident, browser = town.resident(), town.signed_in()
    me = Subscriber(town, backchannel_logout_uri="https://93.184.216.34/bye")
    me.subscribe("https://93.184.216.34/events")
    me.sub(browser)
    desk.ask(login_hint=desk.know(resident), client_notification_token="t" * 22)
    answer(browser)
    browser.post("/signout")
    lanes = {(row.topic, row.lane) for row in town.rows(OutboxRow) if row.topic.startswith("oidc.")}
    expected = {"oidc.security_event": me.app, "oidc.backchannel_logout": me.app, "oidc.ciba_ping": desk.app}
    assert {(topic, app.client_id) for topic, app in expected.items()} <= lanes
