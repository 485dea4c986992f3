"""Dynamic registration (RFC 7591) with an initial access token; who may register, and what nobody gives itself."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, Response
from werkzeug.test import TestResponse

from idp.foundation import clock
from idp.oidc.clients.model import Client
from idp.oidc.registration.model import InitialAccessToken
from idp.oidc.registration.registration import issue_initial_access_token
from tests.support.apps import App
from tests.support.server import free_port
from tests.support.serving import Served
from tests.support.town import Town

GOOD: dict[str, Any] = {"client_name": "こども窓口", "redirect_uris": ["https://kodomo.example/cb"]}


@pytest.fixture(scope="module")
def token(shared_town: Town) -> str:
    return issue(shared_town, 1000)


def issue(town: Town, uses: int, lifetime: timedelta = timedelta(days=1)) -> str:
    with town.writing() as session:
        return issue_initial_access_token(session, "test", uses, lifetime)


def register(town: Town, token: str | None, metadata: Any, **more: Any) -> TestResponse:
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    data = metadata if isinstance(metadata, bytes) else json.dumps(metadata).encode()
    headers["X-Forwarded-For"] = "ignored"
    town.parts.limits.reset()
    return town.app.test_client().post("/register", data=data, headers=headers, content_type="application/json", **more)


def test_a_client_registers_itself_and_works(any_town: Town) -> None:
    metadata = {**GOOD, "grant_types": ["authorization_code", "refresh_token"], "client_name#en": "Children's desk"}
    answer = register(any_town, issue(any_town, 1), metadata)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.json
    assert len(body["client_secret"]) >= 43
    assert body["client_secret_expires_at"] == 0
    assert abs(body["client_id_issued_at"] - clock.epoch()) < 5
    # The defaults of OIDC Registration §2 and ours (pairwise).
    for member, value in {
        "token_endpoint_auth_method": "client_secret_basic",
        "id_token_signed_response_alg": "RS256",
        "response_types": ["code"],
        "subject_type": "pairwise",
        "application_type": "web",
        "client_name": "こども窓口",
        "client_name#en": "Children's desk",
    }.items():
        assert body[member] == value
    any_town.op.clients.forget(body["client_id"])
    app = App(any_town, body["client_id"], body["client_secret"], body)
    claims = app.id_token(any_town.signed_in().tokens(app)["id_token"])
    assert claims["aud"] == body["client_id"]
    row = any_town.rows(Client)[0]
    assert body["client_secret"] not in (row.secret_digest, row.metadata_json)


def test_a_client_cannot_give_itself_what_the_city_gives(shared_town: Town, token: str) -> None:
    """Canaille's change log: open registration opened more than registering."""
    wanted = {
        **GOOD,
        "client_id": "chosen",
        "client_secret": "chosen",
        "skip_consent": True,
        "event_source": "https://other.example",
        "may_use_local_numbers": True,
        "sector": "other.example",
        "active": True,
    }
    body = register(shared_town, token, wanted).json
    assert body["client_id"] != "chosen"
    assert body["client_secret"] != "chosen"
    row = shared_town.rows(Client, Client.client_id == body["client_id"])[0]
    assert (row.skip_consent, row.event_source, row.may_use_local_numbers, row.sector) == (
        False,
        None,
        False,
        f"client:{body['client_id']}",
    )
    assert not {"skip_consent", "event_source", "sector", "active"} & set(body)


@pytest.mark.parametrize("given", [None, "", "wrong", "\u3042", "x" * 9000])
def test_without_a_valid_token_nothing_is_registered(shared_town: Town, given: str | None) -> None:
    before = shared_town.count(Client)
    answer = register(shared_town, given and given.encode().decode("latin-1"), GOOD)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert shared_town.count(Client) == before


def test_other_tokens_do_not_register(shared_town: Town, shared_browser: Any, shared_app: App) -> None:
    body = shared_browser.tokens(shared_app)
    for other in (body["access_token"], body["refresh_token"], body["id_token"]):
        assert register(shared_town, other, GOOD).status_code == 401


def test_a_token_has_its_number_of_uses(town: Town) -> None:
    once = issue(town, 2)
    assert register(town, once, {**GOOD, "redirect_uris": ["ftp://x"]}).status_code == 400  # a refused one is no use
    assert [register(town, once, GOOD).status_code for _ in range(3)] == [201, 201, 401]


def test_uses_at_once_do_not_exceed_it(any_town: Town) -> None:
    """authentik CVE-2022-23555: an invitation used again."""
    once = issue(any_town, 1)
    start, answers = threading.Barrier(4), []

    def use() -> None:
        start.wait()
        answers.append(register(any_town, once, GOOD).status_code)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [201, 401, 401, 401]


def test_a_token_ends(town: Town) -> None:
    token = issue(town, 5, timedelta(hours=1))
    with clock.travelled(timedelta(hours=2)):
        assert register(town, token, GOOD).status_code == 401


def test_the_token_is_stored_as_a_digest(town: Town) -> None:
    token = issue(town, 5)
    assert token not in [row.token_digest for row in town.rows(InitialAccessToken)]


# sector_identifier_uri (OIDC Core §8.1) ------------------------------------------------------------------------------


def sector_document(content: bytes) -> Served:
    app = Flask("sector")
    app.add_url_rule("/s.json", view_func=lambda: Response(content, content_type="application/json"))
    return Served(app, free_port())


def test_a_sector_document_must_list_every_redirect_uri(town: Town) -> None:
    uris = ["https://a.example/cb", "https://b.example/cb"]
    served = sector_document(json.dumps(uris).encode())
    try:
        metadata = {**GOOD, "redirect_uris": uris, "sector_identifier_uri": f"{served.url}/s.json"}
        good = register(town, issue(town, 1), metadata)
        assert good.status_code == 201, good.text
        row = town.rows(Client)[0]
        assert row.sector == "host:localhost"
        one_more = {**metadata, "redirect_uris": [*uris, "https://c.example/cb"]}
        assert "sector_identifier_uri" in register(town, issue(town, 1), one_more).json["error_description"]
    finally:
        served.stop()


@pytest.mark.parametrize("content", [b"nonsense", b"{}", b"[1]", b"[]", b"[" * 100000])
def test_a_sector_document_that_is_none(town: Town, content: bytes) -> None:
    served = sector_document(content)
    try:
        metadata = {**GOOD, "sector_identifier_uri": f"{served.url}/s.json"}
        answer = register(town, issue(town, 1), metadata)
        assert (answer.status_code, answer.json["error"]) == (400, "invalid_client_metadata")
    finally:
        served.stop()


def test_a_sector_document_on_a_private_network_is_not_fetched(sqlite_url: str) -> None:
    with Town(sqlite_url, outbound_loopback=False) as town:
        metadata = {**GOOD, "sector_identifier_uri": "https://127.0.0.1:1/s.json"}
        assert "sector_identifier_uri" in register(town, issue(town, 1), metadata).json["error_description"]
