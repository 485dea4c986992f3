"""The reader's pages: what it signs, what it refuses, how a card locks."""

import base64
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from clients.simulators.card_reader import Deck
from clients.simulators.card_reader.app import create_app
from clients.simulators.card_reader.people import ENTRIES
from clients.simulators.card_reader.texts import _TEXTS
from clients.simulators.card_reader.wire import origin_of
from idp.credentials.jpki import TrustStore, verify_card, verify_claim
from idp.credentials.jpki.claim import Signed

from .reader import ORIGIN, Page, asked

GOOD = {"card": "hanako", "pin": "1234", "sign_password": "ABC123"}


@pytest.fixture(scope="module")
def deck(tmp_path_factory: pytest.TempPathFactory) -> Deck:
    return Deck.open(tmp_path_factory.mktemp("deck"))


@pytest.fixture
def client(deck: Deck) -> Iterator[FlaskClient]:
    with create_app({"DECK": deck}).test_client() as client:
        yield client


def answer(client: FlaskClient, request: dict[str, str], **entered: str) -> dict[str, str]:
    """Fields of the form that goes back to the service."""
    response = client.post("/read", data=request | GOOD | entered)
    assert response.status_code == 200, response.text
    (form,) = Page(response.text).forms
    assert (form.action, form.method) == (request["return_url"], "post")
    return form.fields


def test_sign_in_returns_what_the_provider_accepts(client: FlaskClient, deck: Deck) -> None:
    request = asked()
    fields = answer(client, request)
    assert set(fields) == {"challenge", "certificate", "signature"}
    assert fields["challenge"] == "c-1"
    tbs = base64.urlsafe_b64decode(request["tbs"] + "==")
    certificate, signature = (base64.b64decode(fields[name], validate=True) for name in ("certificate", "signature"))
    verdict = verify_card(certificate, signature, tbs, _store(deck), datetime.now(UTC))
    assert verdict.serial == deck.card("hanako").auth.serial


def test_claim_adds_the_signature_certificate(client: FlaskClient, deck: Deck) -> None:
    request = asked("claim")
    fields = answer(client, request)
    assert set(fields) == {"challenge", "certificate", "signature", "sign_certificate", "sign_signature"}
    tbs = base64.urlsafe_b64decode(request["tbs"] + "==")
    certificate, signature = (base64.b64decode(fields[name]) for name in ("sign_certificate", "sign_signature"))
    auth = Signed(base64.b64decode(fields["certificate"]), base64.b64decode(fields["signature"]))
    card, person = verify_claim(auth, Signed(certificate, signature), tbs, _store(deck), datetime.now(UTC))
    assert card.serial == deck.card("hanako").auth.serial
    assert person.attributes.name == "見本\u3000花子"


def _store(deck: Deck) -> TrustStore:
    files = ("auth-roots.pem", "sign-roots.pem", "auth.crl", "sign.crl")
    return TrustStore.load(*(deck.state_dir / name for name in files))


@pytest.mark.parametrize("key", [entry.key for entry in ENTRIES])
def test_every_card_can_be_read(key: str, client: FlaskClient) -> None:
    assert "signature" in answer(client, asked(), card=key)


@pytest.mark.parametrize(
    ("entered", "error"),
    [({"action": "cancel", "pin": ""}, "cancelled"), ({"card": "unreadable", "pin": ""}, "card_unreadable")],
)
def test_no_answer_but_a_reason(entered: dict[str, str], error: str, client: FlaskClient) -> None:
    assert answer(client, asked(), **entered) == {"challenge": "c-1", "error": error}


@pytest.mark.parametrize(
    ("purpose", "name", "wrong", "tries"), [("signin", "pin", "0000", 3), ("claim", "sign_password", "WRONG1", 5)]
)
def test_wrong_entries_lock_the_card(purpose: str, name: str, wrong: str, tries: int, client: FlaskClient) -> None:
    request = asked(purpose)
    for left in range(tries - 1, 0, -1):
        response = client.post("/read", data=request | GOOD | {name: wrong})
        assert response.status_code == 422
        assert f"{left} tries left" in response.text
        assert 'data-testid="card-error"' in response.text
    assert answer(client, request, **{name: wrong})["error"] == "pin_locked"
    assert answer(client, request)["error"] == "pin_locked", "the right entry comes too late"
    assert "certificate" in answer(client, request, card="taro"), "other cards are not touched"
    assert "Locked" in client.get("/read", query_string=request).text
    unlocked = client.post("/read", data=request | {"action": "reset"})
    assert "All cards are unlocked" in unlocked.text
    assert "certificate" in answer(client, request)


def test_a_right_entry_gives_the_tries_back(client: FlaskClient) -> None:
    for _ in range(2):
        for _ in range(2):
            client.post("/read", data=asked() | GOOD | {"pin": "0000"})
        assert "certificate" in answer(client, asked())


@pytest.mark.parametrize("pin", ["", "123", "12345", "abcd", "１２３４", "1234\n"])
def test_an_entry_of_the_wrong_shape_costs_no_try(pin: str, client: FlaskClient) -> None:
    for _ in range(4):
        assert client.post("/read", data=asked() | GOOD | {"pin": pin}).status_code == 422
    assert "certificate" in answer(client, asked())


@pytest.mark.parametrize("card", ["", "nobody", "../hanako"])
def test_no_such_card(card: str, client: FlaskClient) -> None:
    response = client.post("/read", data=asked() | GOOD | {"card": card})
    assert response.status_code == 422
    assert "Choose a card" in response.text


BAD = [
    ("challenge", {"challenge": ""}),
    ("challenge", {"challenge": "a b"}),
    ("challenge", {"challenge": "x" * 201}),
    ("purpose", {"purpose": "consent"}),
    ("purpose", {"purpose": "claim"}),
    ("origin", {"origin": "http://localhost:8001", "return_url": "http://localhost:8001/card/return"}),
    ("origin", {"origin": "http://localhost:8000/"}),
    ("origin", {"origin": "HTTP://localhost:8000"}),
    ("origin", {"origin": "file:///etc"}),
    ("origin", {"origin": ""}),
    ("return_url", {"return_url": "http://localhost:8001/card/return"}),
    ("return_url", {"return_url": "https://localhost:8000/card/return"}),
    ("return_url", {"return_url": "javascript:alert(1)"}),
    ("return_url", {"return_url": "http://localhost:8000@evil.example/"}),
    ("return_url", {"return_url": "http://evil@localhost:8000/"}),
    ("return_url", {"return_url": "http://localhost:8000.evil.example/"}),
    ("return_url", {"return_url": "//localhost:8000/"}),
    ("return_url", {"return_url": "http://localhost:8000/\r\nX: y"}),
    ("return_url", {"return_url": "http://localhost:8000/" + "x" * 2000}),
    ("tbs", {"tbs": ""}),
    ("tbs", {"tbs": "AAAA"}),
    ("tbs", {"tbs": "A" * 300}),
    ("tbs", {"tbs": "not base64!"}),
    ("tbs", {"tbs": base64.urlsafe_b64encode(b"Pay 1000 yen".ljust(118)).decode()}),
]


@pytest.mark.parametrize(("field", "changed"), BAD)
def test_malformed_requests_are_refused_naming_the_field(
    field: str, changed: dict[str, str], client: FlaskClient
) -> None:
    for response in (
        client.get("/read", query_string=asked() | changed),
        client.post("/read", data=asked() | changed | GOOD),
    ):
        assert response.status_code == 400
        assert f"<code>{field}</code>" in response.text
        assert not Page(response.text).forms


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://id.mihon.example/a?b=c", "https://id.mihon.example"),
        ("https://id.mihon.example:443/", "https://id.mihon.example"),
        ("http://[::1]:8000/x", "http://[::1]:8000"),
        ("http://ID.mihon.example", "http://id.mihon.example"),
        ("http://h:99999/", None),
        ("http://h;x/", None),
    ],
)
def test_origin_of(url: str, origin: str | None) -> None:
    assert origin_of(url) == origin


def test_pages_keep_to_a_strict_policy(client: FlaskClient) -> None:
    pages = [
        client.get("/"),
        client.get("/read", query_string=asked()),
        client.post("/read", data=asked() | GOOD | {"pin": "0000"}),
        client.post("/read", data=asked() | GOOD),
        client.get("/read"),
        client.get("/nothing"),
    ]
    for response in pages:
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in response.headers
        assert Page(response.text).inline == []
        assert "シミュレーター" in response.text or "simulator" in response.text
    assert ORIGIN not in pages[1].headers["Content-Security-Policy"], "only the answer goes to the service"
    assert f"form-action 'self' {ORIGIN}" in pages[3].headers["Content-Security-Policy"]


def test_large_bodies_are_refused(client: FlaskClient) -> None:
    response = client.post("/read", data=asked() | {"card": "x" * 20_000})
    assert response.status_code == 413
    assert 'data-testid="card-error"' in response.text


def test_languages_are_complete_and_japanese_comes_first(client: FlaskClient) -> None:
    for key, words in _TEXTS.items():
        assert len(words) == 2, key
        assert all(words), key
        assert re.findall(r"{\w+}", words[0]) == re.findall(r"{\w+}", words[1]), key
        assert not re.search("[ぁ-ん一-龥]", words[1]), f"{key} is not translated"
    for lang, expected in (
        ("ja", "カードを選ぶ"),
        ("en", "Choose a card"),
        ("fr", "カードを選ぶ"),
        ("", "カードを選ぶ"),
    ):
        assert expected in client.get("/read", query_string=asked(lang=lang)).text


def test_revocation_lists_are_served(client: FlaskClient, deck: Deck) -> None:
    response = client.get("/crl/auth.crl")
    assert response.data == Path(deck.state_dir / "auth.crl").read_bytes()
    assert client.get("/crl/deck.crl").status_code == 404
    assert client.get("/crl/..%2Fdeck.crl").status_code == 404
