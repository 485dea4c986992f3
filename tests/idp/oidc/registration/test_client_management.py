"""RFC 7592: an app reads, replaces and ends its own registration, by a token bound to it and rotated at each change."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from werkzeug.test import TestResponse

from idp.oidc.clients.model import Client
from idp.oidc.grants.model import Grant
from idp.oidc.registration import client_management
from idp.oidc.registration.register_client import prepare_client
from idp.oidc.registration.registration import issue_initial_access_token
from idp.residents.model import SubjectIdentifier
from tests.support.apps import App
from tests.support.hostile import Hostile
from tests.support.town import Town

GOOD: dict[str, Any] = {
    "client_name": "こども窓口",
    "redirect_uris": ["https://kodomo.example/cb"],
    "grant_types": ["authorization_code", "refresh_token"],
    "id_token_signed_response_alg": "ES256",
}


class Registration:
    """A client that registered itself, and its configuration endpoint."""

    def __init__(self, town: Town, metadata: dict[str, Any]) -> None:
        self.town = town
        with town.writing() as session:
            initial = issue_initial_access_token(session, "test", 1, timedelta(days=1))
        answer = self.call("POST", "/register", metadata, initial)
        assert answer.status_code == 201, answer.text
        self.body: dict[str, Any] = answer.json

    def call(self, method: str, path: str, body: Any = None, token: str | None = None) -> TestResponse:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        data = None if body is None else json.dumps(body)
        return self.town.app.test_client().open(
            path, method=method, data=data, headers=headers, content_type="application/json"
        )

    def manage(self, method: str, body: Any = None, token: str | None = None) -> TestResponse:
        path = self.body["registration_client_uri"].removeprefix(self.town.issuer)
        return self.call(method, path, body, token or self.body["registration_access_token"])

    def put(self, **changes: Any) -> TestResponse:
        body = {**GOOD, "client_id": self.body["client_id"], **changes}
        answer = self.manage("PUT", {k: v for k, v in body.items() if v is not None})
        if answer.status_code == 200:
            self.body = answer.json
        return answer

    @property
    def app(self) -> App:
        return App(self.town, self.body["client_id"], self.body.get("client_secret"), self.body)


@pytest.fixture
def registration(any_town: Town) -> Registration:
    return Registration(any_town, GOOD)


def test_reading(registration: Registration) -> None:
    answer = registration.manage("GET")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    # The secret is kept as a digest: it is not shown again.
    assert answer.json == {n: v for n, v in registration.body.items() if n != "client_secret"}


def test_replacing_is_whole_and_validated(registration: Registration) -> None:
    assert registration.put(client_name="放課後窓口", policy_uri="https://kodomo.example/p").status_code == 200
    assert registration.body["client_name"] == "放課後窓口"
    assert registration.put().status_code == 200
    assert "policy_uri" not in registration.body  # left out is gone (§2.2)
    for wrong in (
        {"redirect_uris": ["https://kodomo.example/cb#x"]},
        {"redirect_uris": None},
        {"initiate_login_uri": "http://kodomo.example/start"},
        {"id_token_signed_response_alg": "none"},
        {"jwks_uri": "https://kodomo.example/jwks", "jwks": {"keys": []}},
    ):
        answer = registration.put(**wrong)
        assert answer.status_code == 400, wrong
        assert answer.json["error"] in ("invalid_client_metadata", "invalid_redirect_uri")
    assert registration.manage("GET").json["redirect_uris"] == GOOD["redirect_uris"]


def test_the_token_is_rotated_and_stored_as_a_digest(registration: Registration) -> None:
    old = registration.body["registration_access_token"]
    assert registration.put().status_code == 200
    assert registration.body["registration_access_token"] != old
    refused = registration.manage("GET", token=old)
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    assert registration.manage("GET").status_code == 200
    stored = registration.town.rows(Client, Client.client_id == registration.body["client_id"])[0]
    assert registration.body["registration_access_token"] not in str(vars(stored))


def test_the_token_is_bound_to_its_client(town: Town) -> None:
    """Canaille's change log: a management token (RFC 7592) opened every client."""
    one, other = Registration(town, GOOD), Registration(town, GOOD | {"redirect_uris": ["https://other.example/cb"]})
    for method, body in (("GET", None), ("PUT", {**GOOD, "client_id": one.body["client_id"]}), ("DELETE", None)):
        answer = one.manage(method, body, other.body["registration_access_token"])
        assert (answer.status_code, answer.json["error"]) == (401, "invalid_token")
    assert one.manage("GET").status_code == 200


def test_other_tokens_do_not_manage(town: Town, registration: Registration) -> None:
    by_hand = registration.town.register()
    assert registration.call("GET", f"/register/{by_hand.client_id}", None, "x" * 43).status_code == 401
    assert registration.call("GET", "/register/unknown-client", None, "x" * 43).status_code == 401
    assert registration.call("GET", f"/register/{by_hand.client_id}").status_code == 401


def test_guessing_is_limited(town: Town) -> None:
    registration = Registration(town, GOOD)
    answers = [registration.manage("GET", token=f"{n:043d}").status_code for n in range(35)]
    assert answers[0] == 401
    assert answers[-1] == 429


def test_what_is_not_the_clients_to_say(registration: Registration) -> None:
    for member in (
        "registration_access_token",
        "registration_client_uri",
        "client_secret_expires_at",
        "client_id_issued_at",
    ):
        assert registration.put(**{member: registration.body.get(member, 0)}).status_code == 400
    assert registration.put(client_id="another").status_code == 400
    assert registration.put(client_id=None).status_code == 400
    assert registration.put(client_secret="guess").status_code == 400
    assert registration.put(client_secret=registration.body["client_secret"]).status_code == 200


def test_the_secret_stays_unless_the_method_changes(registration: Registration) -> None:
    secret = registration.body["client_secret"]
    assert "client_secret" not in registration.put(token_endpoint_auth_method="client_secret_post").json
    assert "client_secret" not in registration.put(token_endpoint_auth_method="none").json
    assert registration.put().json["client_secret"] != secret


def test_a_changed_redirect_uri_counts_at_once(town: Town) -> None:
    registration = Registration(town, GOOD)
    browser = town.signed_in()
    browser.code(registration.app)
    assert registration.put(redirect_uris=["https://kodomo.example/new"]).status_code == 200
    assert browser.authorize(registration.app, redirect_uri=GOOD["redirect_uris"][0]).status_code == 400
    assert browser.code(registration.app)


def test_the_sector_stays_once_residents_are_known_in_it(town: Town) -> None:
    """Another one would make strangers of them, or take over another app's identifiers; other addresses are no other sector."""
    registration = Registration(town, GOOD)
    secret = registration.app.secret
    elsewhere = ["https://elsewhere.example/cb"]
    assert registration.put(redirect_uris=elsewhere).status_code == 200
    town.signed_in().sign_on(registration.app)
    with Hostile() as hostile:
        hostile.keys = GOOD["redirect_uris"]
        refused = registration.put(sector_identifier_uri=hostile.url + "/good")
        assert (refused.status_code, refused.json["error"]) == (400, "invalid_client_metadata")
        assert registration.manage("GET").json["redirect_uris"] == elsewhere
    before = town.rows(SubjectIdentifier)[0].sub
    assert registration.put().status_code == 200
    app = App(town, registration.app.client_id, secret, registration.body)
    assert app.id_token(town.signed_in().tokens(app)["id_token"])["sub"] == before


def test_a_newly_registered_algorithm_gets_its_key(town: Town) -> None:
    registration = Registration(town, GOOD)
    assert registration.put(id_token_signed_response_alg="EdDSA").status_code == 200
    app = App(town, registration.app.client_id, None, registration.body)
    town.op.keys._read_at = -1e9
    assert "EdDSA" in {key["alg"] for key in town.app.test_client().get("/jwks").json["keys"]}
    assert app.metadata["id_token_signed_response_alg"] == "EdDSA"


def test_ending(registration: Registration) -> None:
    town = registration.town
    browser, app = town.signed_in(), registration.app
    tokens = browser.tokens(app)
    answer = registration.manage("DELETE")
    assert (answer.status_code, answer.data) == (204, b"")
    assert registration.manage("GET").status_code == 401
    assert registration.manage("DELETE").status_code == 401
    assert browser.authorize(app).status_code == 400
    assert app.refresh(tokens["refresh_token"]).status_code == 401
    assert app.userinfo(tokens["access_token"]).status_code == 401
    assert town.count(Grant, Grant.client_id == app.client_id, Grant.revoked_at.is_(None)) == 0


@pytest.mark.parametrize("path", ["/drip-body", "/huge", "/redirect", "/html", "/down", "/nonsense"])
def test_a_hostile_sector_document_holds_nobody_up(town: Town, path: str) -> None:
    """Registration waits for it outside any transaction: everybody else goes on."""
    with Hostile() as hostile:
        hostile.keys = {"keys": []}
        registration = Registration(town, GOOD)
        answer = registration.put(sector_identifier_uri=hostile.url + path)
        assert (answer.status_code, answer.json["error"]) == (400, "invalid_client_metadata")


def test_the_database_is_free_while_a_sector_document_drips(town: Town) -> None:
    import threading

    from tests.support.waiting import until

    with Hostile() as hostile:
        registration = Registration(town, GOOD)
        slow = threading.Thread(
            target=lambda: registration.put(sector_identifier_uri=hostile.url + "/drip-body"), daemon=True
        )
        slow.start()
        until(lambda: hostile.asked)
        town.browser().sign_in(town.resident())  # writes
        assert slow.is_alive()
        slow.join(10)


def test_the_sector_document_is_read_again_at_each_change(town: Town) -> None:
    with Hostile() as hostile:
        hostile.keys = GOOD["redirect_uris"]  # type: ignore[assignment]
        registration = Registration(town, GOOD | {"sector_identifier_uri": hostile.url + "/good"})
        assert registration.put(sector_identifier_uri=hostile.url + "/good").status_code == 200
        hostile.keys = ["https://another.example/cb"]  # type: ignore[assignment]
        assert registration.put(sector_identifier_uri=hostile.url + "/good").status_code == 400


def test_what_the_city_decides_meanwhile_is_checked_too(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The metadata is checked before the transaction, since it is fetched for: a FAPI profile given in between counts all the same."""
    registration = Registration(town, GOOD)
    client_id = registration.body["client_id"]
    checked: list[str | None] = []

    def prepare(settings: Any, outbound: Any, given: Any, options: Any, **more: Any) -> Any:
        checked.append(options.fapi_profile)
        prepared = prepare_client(settings, outbound, given, options, **more)
        if len(checked) == 1:
            town.change(update(Client).where(Client.client_id == client_id).values(fapi_profile="security"))
        return prepared

    monkeypatch.setattr(client_management, "prepare_client", prepare)
    answer = registration.put(client_name="New")
    assert answer.status_code == 400, "a secret is no way to prove oneself under FAPI 2.0"
    assert checked == [None, "security"]
    (row,) = town.rows(Client, Client.client_id == client_id)
    assert "New" not in row.metadata_json
    town.change(update(Client).where(Client.client_id == client_id).values(fapi_profile=None))
    assert registration.put(client_name="Newer").status_code == 200, "nothing was used up"
