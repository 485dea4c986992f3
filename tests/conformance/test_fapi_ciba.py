"""The modules of the OpenID Foundation's FAPI-CIBA plan that apply here (poll and ping, private_key_jwt), over HTTP.

Not done here: the mTLS variants, and FAPI's demand that tokens be bound to a key, which is a client's own mark (`fapi_profile`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask, Response, request

from idp.foundation import clock
from idp.foundation.outbox import OutboxRow
from tests.conftest import sqlite_copy
from tests.support.browser import Browser
from tests.support.ciba import CIBA, Desk, answer
from tests.support.server import free_port
from tests.support.serving import Served
from tests.support.town import Town

SECOND = timedelta(seconds=1)


class Wire(Desk):
    """The same desk, over real HTTP and from the discovery document."""

    def post(self, path: str, form: dict[str, str]) -> Any:
        return Answered(requests.post(f"{self.town.issuer}{path}", data=form, timeout=10, allow_redirects=False))


class Answered:
    def __init__(self, answer: requests.Response) -> None:
        self.status_code, self.text, self.headers = answer.status_code, answer.text, answer.headers
        self.json: dict[str, Any] = answer.json()
        if answer.status_code != 200:
            assert set(self.json) <= {"error", "error_description", "error_uri"}
            assert not set("\r\n\t") & set(self.json.get("error_description", ""))


@pytest.fixture(scope="module")
def served(template: Any) -> Iterator[Town]:
    port = free_port()
    with sqlite_copy(template[0]) as url, Town(url, issuer=f"http://localhost:{port}") as town:
        server = Served(town.app, port)
        yield town
        server.stop()


@pytest.fixture
def phone(served: Town) -> Browser:
    return served.signed_in()


class Listener:
    """The app's notification endpoint; `status` is what it answers, `got` what came: (authorization, body)."""

    def __init__(self) -> None:
        self.status, self.body, self.headers = 204, "", {}  # type: int, str, dict[str, str]
        self.got: list[tuple[str, Any]] = []
        self.lock = threading.Lock()
        app = Flask("listener")
        app.add_url_rule("/ping", view_func=self.hear, methods=["POST"])
        self.served = Served(app, free_port())
        self.uri = f"{self.served.url}/ping"

    def hear(self) -> Response:
        with self.lock:
            self.got.append((request.headers.get("Authorization", ""), request.get_json()))
        return Response(self.body, self.status, headers=self.headers)


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.served.stop()


def resident(town: Town) -> str:
    from idp.residents.model import Resident

    [row] = town.rows(Resident, Resident.state == "active")
    return str(row.resident_id)


def desk_of(town: Town, phone: Browser, **more: Any) -> tuple[Wire, dict[str, Any]]:
    """A desk and the parameters of a good question to the resident with this phone; limits begin anew with each app."""
    desk = Wire(town, **{"signed": True} | more)
    parameters: dict[str, Any] = {"scope": "openid profile", "login_hint": desk.know(resident(town))}
    if more.get("mode") == "ping":
        parameters["client_notification_token"] = "notify-" + "x" * 30
    return desk, parameters


def test_discovery_end_point_verification(served: Town) -> None:
    found = requests.get(f"{served.issuer}/.well-known/openid-configuration", timeout=10).json()
    assert found["backchannel_authentication_endpoint"] == f"{served.issuer}/backchannel_authentication"
    assert set(found["backchannel_token_delivery_modes_supported"]) == {"poll", "ping"}
    assert set(found["backchannel_authentication_request_signing_alg_values_supported"]) <= {"ES256", "PS256", "EdDSA"}
    assert found["backchannel_user_code_parameter_supported"] is False
    assert CIBA in found["grant_types_supported"]


@pytest.mark.parametrize("mode", ["poll", "ping"])
def test_fapi_ciba_id1(served: Town, phone: Browser, listener: Listener, mode: str) -> None:
    desk, good = desk_of(served, phone, mode=mode, backchannel_client_notification_endpoint=listener.uri)
    asked = desk.ask(**good).json
    assert set(asked) == {"auth_req_id", "expires_in", "interval"}
    assert len(asked["auth_req_id"]) >= 22  # CIBA §7.3: at least 128 bits
    assert desk.fetch(asked["auth_req_id"]).json["error"] == "authorization_pending"
    answer(phone)
    served.parts.worker.run_once()
    if mode == "ping":
        assert listener.got == [(f"Bearer {good['client_notification_token']}", {"auth_req_id": asked["auth_req_id"]})]
    with clock.travelled(6 * SECOND):
        tokens = desk.fetch(asked["auth_req_id"])
    assert tokens.headers["Cache-Control"] == "no-store"
    body = tokens.json
    assert set(body) == {"access_token", "token_type", "expires_in", "scope", "refresh_token", "id_token"}
    keys = jwt.PyJWKSet.from_dict(requests.get(f"{served.issuer}/jwks", timeout=10).json())
    key = keys[jwt.get_unverified_header(body["id_token"])["kid"]].key
    claims = jwt.decode(body["id_token"], key, algorithms=["ES256"], audience=desk.app.client_id, issuer=served.issuer,
                        options={"verify_iat": False})  # fmt: skip
    bearer = {"Authorization": f"Bearer {body['access_token']}"}
    assert requests.get(f"{served.issuer}/userinfo", headers=bearer, timeout=10).json()["sub"] == claims["sub"]


@pytest.mark.parametrize("mode", ["poll", "ping"])
def test_user_rejects_authentication(served: Town, phone: Browser, listener: Listener, mode: str) -> None:
    desk, good = desk_of(served, phone, mode=mode, backchannel_client_notification_endpoint=listener.uri)
    asked = desk.ask(**good).json
    answer(phone, "deny")
    served.parts.worker.run_once()
    assert len(listener.got) == (1 if mode == "ping" else 0)
    assert desk.fetch(asked["auth_req_id"]).json["error"] == "access_denied"


def test_multiple_call_to_token_endpoint(served: Town, phone: Browser) -> None:
    desk, good = desk_of(served, phone)
    asked = desk.ask(**good).json
    errors = [desk.fetch(asked["auth_req_id"]).json["error"] for _ in range(3)]
    assert errors == ["authorization_pending", "slow_down", "slow_down"]
    answer(phone)
    assert desk.fetch(asked["auth_req_id"]).status_code == 200
    assert desk.fetch(asked["auth_req_id"]).json["error"] == "invalid_grant"


def test_auth_req_id_expired(served: Town, phone: Browser) -> None:
    desk, good = desk_of(served, phone)
    asked = desk.ask(**good, requested_expiry=30).json
    assert asked["expires_in"] == 30
    with clock.travelled(31 * SECOND):
        assert desk.fetch(asked["auth_req_id"]).json["error"] == "expired_token"
        assert "approve-question" not in phone.get("/approve").text


def test_refresh_token(served: Town, phone: Browser) -> None:
    desk, good = desk_of(served, phone)
    asked = desk.ask(**good).json
    answer(phone)
    first = desk.fetch(asked["auth_req_id"]).json
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = desk.post("/token", form | desk.authentication()).json
    assert second["refresh_token"] != first["refresh_token"]


@pytest.mark.parametrize("message", ["1234", "窓口3 W4SCT", "x" * 64])
def test_ensure_authorization_request_with_binding_message_succeeds(served: Town, phone: Browser, message: str) -> None:
    desk, good = desk_of(served, phone)
    assert desk.ask(**good, binding_message=message).status_code == 200
    assert message in phone.get("/approve").text
    answer(phone, "deny")


def test_ensure_authorization_request_with_potentially_bad_binding_message(served: Town, phone: Browser) -> None:
    desk, good = desk_of(served, phone)
    for message in ("1234567890" * 20, "tab\there", "\U000e0001x"):
        assert desk.ask(**good, binding_message=message).json["error"] == "invalid_binding_message"


def test_different_scope_order(served: Town, phone: Browser) -> None:
    desk, good = desk_of(served, phone)
    asked = desk.ask(**good | {"scope": "profile openid"}).json
    answer(phone)
    assert set(desk.fetch(asked["auth_req_id"]).json["scope"].split()) == {"openid", "profile"}


def test_requested_expiry_as_a_string(served: Town, phone: Browser) -> None:
    desk, good = desk_of(served, phone)
    assert desk.ask(**good, requested_expiry="30").json["expires_in"] == 30


YEAR_2070 = 3155760000
WEEK_AGO = int(time.time()) - 7 * 86400
BAD_CLAIMS: list[dict[str, Any]] = [
    {"aud": None}, {"aud": "https://elsewhere.example/"}, {"iss": None}, {"iss": "another-client"},
    {"exp": None}, {"exp": int(time.time()) - 300}, {"exp": YEAR_2070}, {"exp": int(time.time()) + 70 * 60},
    {"iat": None}, {"iat": YEAR_2070}, {"nbf": None}, {"nbf": YEAR_2070}, {"nbf": WEEK_AGO},
    {"jti": None}, {"jti": ""}, {"exp": "soon"}, {"scope": ["openid"]}, {"requested_expiry": [1]},
]  # fmt: skip


@pytest.mark.parametrize("changes", BAD_CLAIMS, ids="-".join)
def test_ensure_request_object_with_missing_or_bad_claim_fails(
    served: Town, phone: Browser, changes: dict[str, Any]
) -> None:
    desk, good = desk_of(served, phone)
    form = desk.authentication() | {"request": desk.jwt(desk.request_claims(good, **changes))}
    answered = desk.post("/backchannel_authentication", form)
    assert (answered.status_code, answered.json["error"]) == (400, "invalid_request")


def test_ensure_request_object_signature_algorithm_is_none_bad_or_rs256_fails(served: Town, phone: Browser) -> None:
    desk, good = desk_of(served, phone)
    claims = desk.request_claims(good)
    none = jwt.encode(claims, None, algorithm="none")  # type: ignore[arg-type]
    rs256 = desk.jwt(claims, "RS256", rsa.generate_private_key(65537, 2048))
    hs256 = jwt.encode(claims, "k" * 32, algorithm="HS256", headers={"kid": "desk"})
    good_one = desk.jwt(claims)
    bad_signature = good_one[:-8] + ("AAAAAAAA" if not good_one.endswith("AAAAAAAA") else "BBBBBBBB")
    for token in (none, rs256, hs256, bad_signature, "x", "e30.e30.e30"):
        answered = desk.post("/backchannel_authentication", desk.authentication() | {"request": token})
        assert (answered.status_code, answered.json["error"]) == (400, "invalid_request")
    assert desk.post("/backchannel_authentication", desk.authentication() | {"request": good_one}).status_code == 200
    replayed = desk.post("/backchannel_authentication", desk.authentication() | {"request": good_one})
    assert replayed.json["error"] == "invalid_request"


def test_ensure_request_object_signed_by_another_client_fails(served: Town, phone: Browser) -> None:
    (desk, good), (other, _) = desk_of(served, phone), desk_of(served, phone)
    form = desk.authentication() | {"request": other.jwt(desk.request_claims(good))}
    assert desk.post("/backchannel_authentication", form).json["error"] == "invalid_request"


def test_ensure_unsigned_authentication_request_fails(served: Town, phone: Browser) -> None:
    desk, good = desk_of(served, phone)
    assert desk.post("/backchannel_authentication", desk.authentication() | good).json["error"] == "invalid_request"
    signed = desk.form(good) | {"binding_message": "outside"}
    assert desk.post("/backchannel_authentication", signed).json["error"] == "invalid_request"


def test_ensure_authorization_request_with_multiple_hints_fails(served: Town, phone: Browser) -> None:
    desk, good = desk_of(served, phone)
    for more in ({"id_token_hint": "x"}, {"login_hint_token": "x"}, {"id_token_hint": "x", "login_hint_token": "y"}):
        assert desk.ask(**good | more).json["error"] == "invalid_request"


def test_ensure_wrong_auth_req_id_in_token_endpoint_request_fails(served: Town, phone: Browser) -> None:
    desk, good = desk_of(served, phone)
    auth_req_id = desk.ask(**good).json["auth_req_id"]
    for wrong in (auth_req_id[:-1] + ("A" if auth_req_id[-1] != "A" else "B"), "x", "x" * 4000):
        assert desk.fetch(wrong).json["error"] == "invalid_grant"


def test_ensure_wrong_client_id_fails(served: Town, phone: Browser) -> None:
    (desk, good), (other, _) = desk_of(served, phone), desk_of(served, phone)
    asked = desk.ask(**good).json
    answer(phone)
    assert other.fetch(asked["auth_req_id"]).json["error"] == "invalid_grant"
    for path in ("/token", "/backchannel_authentication"):
        form = {"grant_type": CIBA, "auth_req_id": asked["auth_req_id"], "client_id": other.app.client_id}
        answered = desk.post(path, form | desk.authentication())
        assert (answered.status_code, answered.json["error"]) == (401, "invalid_client")
    assert desk.fetch(asked["auth_req_id"]).status_code == 200


def test_ensure_client_assertion_missing_fails(served: Town, phone: Browser) -> None:
    desk, good = desk_of(served, phone)
    token = desk.jwt(desk.request_claims(good))
    form = {"request": token, "client_id": desk.app.client_id}
    assert desk.post("/backchannel_authentication", form).json["error"] == "invalid_client"
    asked = desk.ask(**good).json
    form = {"grant_type": CIBA, "auth_req_id": asked["auth_req_id"], "client_id": desk.app.client_id}
    assert desk.post("/token", form).json["error"] == "invalid_client"


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [(200, "{}", {}), (204, "", {}), (401, "", {}), (403, "no", {}), (404, "", {}), (302, "", {"Location": "/ping"})],
)
def test_ping_endpoint_answers_body_401_403_or_redirect_and_is_not_asked_again(
    served: Town, phone: Browser, listener: Listener, status: int, body: str, headers: dict[str, str]
) -> None:
    listener.status, listener.body, listener.headers = status, body, headers
    desk, good = desk_of(served, phone, mode="ping", backchannel_client_notification_endpoint=listener.uri)
    asked = desk.ask(**good).json
    answer(phone)
    served.parts.worker.run_once()
    with clock.travelled(60 * SECOND):
        served.parts.worker.run_once()
    assert len(listener.got) == 1
    assert served.count(OutboxRow, OutboxRow.topic == "oidc.ciba_ping") == 0
    with clock.travelled(6 * SECOND):  # the app may still fetch
        assert desk.fetch(asked["auth_req_id"]).status_code == 200


def test_ping_is_tried_again_while_the_endpoint_is_down(served: Town, phone: Browser, listener: Listener) -> None:
    listener.status = 503
    desk, good = desk_of(served, phone, mode="ping", backchannel_client_notification_endpoint=listener.uri)
    desk.ask(**good)
    answer(phone)
    served.parts.worker.run_once()
    listener.status = 204
    with clock.travelled(6 * SECOND):
        served.parts.worker.run_once()
    assert len(listener.got) == 2
    assert served.count(OutboxRow, OutboxRow.topic == "oidc.ciba_ping") == 0


@pytest.mark.parametrize("token", [None, "x" * 1025, "two words", "ünicode"])
def test_ping_needs_a_notification_token(served: Town, phone: Browser, listener: Listener, token: str | None) -> None:
    desk, good = desk_of(served, phone, mode="ping", backchannel_client_notification_endpoint=listener.uri)
    assert desk.ask(**good | {"client_notification_token": token}).json["error"] == "invalid_request"
