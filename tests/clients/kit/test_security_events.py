"""Security events at an app built with the kit: checked, acted on once, and asked for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec

from clients.kit import ProviderRefusedError, SecurityEvent
from clients.kit.security_events import (
    ACCOUNT_DISABLED,
    ACCOUNT_ENABLED,
    ACCOUNT_PURGED,
    CREDENTIAL_CHANGE,
    SESSION_REVOKED,
)
from tests.clients.kit.conftest import App
from tests.clients.tiny_provider import TinyProvider
from tests.support.server import free_port
from tests.support.serving import Served
from tests.support.town import Town


def event(provider: TinyProvider, kind: str = SESSION_REVOKED, sid: str | None = "sid-1", **change: Any) -> str:
    user = {"format": "iss_sub", "iss": provider.issuer, "sub": "pw-hanako"}
    subject = {"format": "complex", "user": user, "session": {"format": "opaque", "id": sid}}
    claims: dict[str, Any] = {
        "iss": provider.issuer,
        "aud": "app-1",
        "iat": int(time.time()) - 24 * 60 * 60,  # events wait while an app is down
        "jti": f"jti-{time.time_ns()}",
        "txn": "txn-1",
        "sub_id": subject if sid else user,
        "events": {kind: {"event_timestamp": 1}},
    } | change
    typ = claims.pop("typ", "secevent+jwt")
    return provider.sign({name: value for name, value in claims.items() if value is not None}, typ)


def push(app: App, token: str, kind: str = "application/secevent+jwt") -> requests.Response:
    return requests.post(app.url + "/auth/security-events", data=token, headers={"Content-Type": kind}, timeout=10)


@pytest.fixture
def heard(app: App) -> list[SecurityEvent]:
    heard: list[SecurityEvent] = []
    app.machi.on_security_event(heard.append)
    return heard


def test_the_revoked_session_ends_and_no_other(app: App, provider: TinyProvider, heard: list[SecurityEvent]) -> None:
    phone, desk = requests.Session(), requests.Session()
    app.sign_in(phone)
    provider.sid = "sid-2"
    app.sign_in(desk)
    answer = push(app, event(provider))
    assert (answer.status_code, answer.content, answer.headers["Cache-Control"]) == (202, b"", "no-store")
    assert phone.get(app.url + "/").text == "nobody"
    assert desk.get(app.url + "/").text == "hello 見本 花子"
    [one] = heard
    assert (one.type, one.sub, one.sid, one.members) == (SESSION_REVOKED, "pw-hanako", "sid-1", {"event_timestamp": 1})


def test_without_a_session_all_of_the_resident_end(app: App, provider: TinyProvider) -> None:
    phone, desk = requests.Session(), requests.Session()
    app.sign_in(phone)
    provider.sid = "sid-2"
    app.sign_in(desk)
    assert push(app, event(provider, sid=None)).status_code == 202
    assert phone.get(app.url + "/").text == desk.get(app.url + "/").text == "nobody"


@pytest.mark.parametrize("kind", [ACCOUNT_DISABLED, ACCOUNT_PURGED], ids=["disabled", "purged"])
def test_a_stopped_account_ends_all_sessions(
    app: App, provider: TinyProvider, heard: list[SecurityEvent], kind: str
) -> None:
    phone, desk = requests.Session(), requests.Session()
    app.sign_in(phone)
    provider.sid = "sid-2"
    app.sign_in(desk)
    assert push(app, event(provider, ACCOUNT_ENABLED, sid=None)).status_code == 202
    assert phone.get(app.url + "/").text == "hello 見本 花子"
    assert push(app, event(provider, kind, sid=None)).status_code == 202
    assert phone.get(app.url + "/").text == desk.get(app.url + "/").text == "nobody"
    assert [one.type for one in heard] == [ACCOUNT_ENABLED, kind]


def test_other_events_are_for_the_handler(
    app: App, provider: TinyProvider, browser: requests.Session, heard: list[SecurityEvent]
) -> None:
    app.sign_in(browser)
    assert push(app, event(provider, CREDENTIAL_CHANGE, sid=None)).status_code == 202
    stream = {"format": "opaque", "id": "stream-1"}
    assert push(app, event(provider, "urn:verification", sub_id=stream)).status_code == 202
    assert [(one.type, one.sub) for one in heard] == [(CREDENTIAL_CHANGE, "pw-hanako"), ("urn:verification", None)]
    assert browser.get(app.url + "/").text == "hello 見本 花子"


def test_an_event_that_comes_twice_is_taken_once(
    app: App, provider: TinyProvider, browser: requests.Session, heard: list[SecurityEvent]
) -> None:
    app.sign_in(browser)
    token = event(provider, sid=None)
    assert push(app, token).status_code == 202
    app.sign_in(browser)
    assert push(app, token).status_code == 202  # so that the provider stops
    assert len(heard) == 1
    assert browser.get(app.url + "/").text == "hello 見本 花子"


def test_what_a_handler_could_not_do_comes_again(
    app: App, provider: TinyProvider, browser: requests.Session, heard: list[SecurityEvent]
) -> None:
    app.sign_in(browser)

    def fails(_event: SecurityEvent) -> None:
        raise LookupError

    app.machi.on_security_event(fails)
    token = event(provider)
    assert push(app, token).status_code == 500
    assert browser.get(app.url + "/").text == "nobody"  # that was not the handler's to do
    app.machi.on_security_event(heard.append)
    assert push(app, token).status_code == 202
    assert len(heard) == 1


BAD: list[tuple[dict[str, Any], str]] = [
    ({"typ": "JWT"}, "invalid_request"),
    ({"typ": "logout+jwt"}, "invalid_request"),
    ({"aud": "another-app"}, "invalid_audience"),
    ({"aud": ["app-1", "another-app"]}, "invalid_audience"),
    ({"iss": "https://other.example"}, "invalid_issuer"),
    ({"jti": None}, "invalid_request"),
    ({"iat": None}, "invalid_request"),
    ({"iat": 4_000_000_000}, "invalid_request"),
    ({"exp": 4_000_000_000}, "invalid_request"),
    ({"sub": "pw-hanako"}, "invalid_request"),
    ({"events": None}, "invalid_request"),
    ({"events": {}}, "invalid_request"),
    ({"events": {SESSION_REVOKED: {}, CREDENTIAL_CHANGE: {}}}, "invalid_request"),
    ({"events": {SESSION_REVOKED: "x"}}, "invalid_request"),
    ({"sub_id": None}, "invalid_request"),
    ({"sub_id": {"format": "iss_sub", "iss": "https://other.example", "sub": "pw-hanako"}}, "invalid_request"),
    ({"sub_id": {"format": "email", "email": "a@example.jp"}}, "invalid_request"),
    ({"sub_id": {"format": "complex", "session": {"format": "opaque", "id": "sid-1"}}}, "invalid_request"),
]


@pytest.mark.parametrize(("change", "err"), BAD, ids=[str(change)[:60] for change, _ in BAD])
def test_what_is_refused(
    app: App, provider: TinyProvider, browser: requests.Session, heard: list[SecurityEvent], change: Any, err: str
) -> None:
    app.sign_in(browser)
    answer = push(app, event(provider, **change))
    assert (answer.status_code, answer.json()["err"]) == (400, err)
    assert heard == []
    assert browser.get(app.url + "/").text == "hello 見本 花子"


def test_a_stranger_signs_in_vain(app: App, provider: TinyProvider, heard: list[SecurityEvent]) -> None:
    good = provider.keys["ES256"]
    provider.keys["ES256"] = ec.generate_private_key(ec.SECP256R1())
    forged = event(provider)
    provider.keys["ES256"] = good
    assert push(app, forged).json()["err"] == "invalid_key"
    unsigned = jwt.encode(jwt.decode(event(provider), options={"verify_signature": False}), None, algorithm="none")
    assert push(app, unsigned).status_code == 400
    assert push(app, "x").status_code == 400
    assert push(app, event(provider), "application/jwt").status_code == 400
    assert heard == []


@pytest.fixture
def town(sqlite_url: str) -> Iterator[Town]:
    """The real provider, served over HTTP."""
    port = free_port()
    with Town(sqlite_url, issuer=f"http://localhost:{port}") as town:
        served = Served(town.app, port)
        yield town
        served.stop()


def app_of(town: Town, path: Path, scope: str) -> tuple[App, Any]:
    registered = town.register(grant_types=["authorization_code", "client_credentials"], scope=scope)
    app = App(town, path, client_id=registered.client_id, client_secret=registered.secret)  # type: ignore[arg-type]
    return app, registered


def test_with_the_real_provider_a_sign_out_ends_the_session_here(town: Town, tmp_path: Path) -> None:
    app, registered = app_of(town, tmp_path, "openid profile ssf.manage")
    try:
        stream = app.machi.subscribe_to_security_events()
        assert app.machi.subscribe_to_security_events() == stream  # again is no harm
        heard: list[SecurityEvent] = []
        app.machi.on_security_event(heard.append)
        browser = town.signed_in()
        claims = registered.id_token(browser.tokens(registered)["id_token"])
        secret = app.machi.sessions.start(claims, "id-token")
        assert secret is not None
        assert app.machi.sessions.find(secret) is not None
        browser.post("/signout")
        town.parts.worker.run_once()
        assert app.machi.sessions.find(secret) is None
        assert [(one.type, one.sub, one.sid) for one in heard] == [(SESSION_REVOKED, claims["sub"], claims["sid"])]
    finally:
        app.close()


def test_an_app_without_the_scope_cannot_subscribe(town: Town, tmp_path: Path) -> None:
    app, _ = app_of(town, tmp_path, "openid profile case:write")
    try:
        with pytest.raises(ProviderRefusedError, match="invalid_scope"):
            app.machi.subscribe_to_security_events()
    finally:
        app.close()
