"""Dynamic registration (RFC 7591) with an initial access token; every metadata value is validated."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, Response
from werkzeug.test import TestResponse

from idp.foundation import clock
from idp.oidc.client_metadata.metadata import _CHECKS
from idp.oidc.clients.model import Client
from idp.oidc.registration.model import InitialAccessToken
from idp.oidc.registration.registration import issue_initial_access_token
from tests.clients.serving import Served
from tests.support.apps import App
from tests.support.refusals import reason
from tests.support.server import free_port
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


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"x"', b"null", b"\xff", b"[" * 50000, b'{"a":"' + b"x" * 70000 + b'"}']
)
def test_what_is_no_metadata_document(shared_town: Town, token: str, body: bytes) -> None:
    answer = register(shared_town, token, body)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_client_metadata")


BAD_REDIRECTS = [
    [],
    None,
    "https://a.example/cb",
    ["http://a.example/cb"],
    ["https://a.example/cb#x"],
    ["https://a.example/cb#"],
    ["https://a.example/*"],
    ["https://user:pw@a.example/cb"],
    ["https:///cb"],
    ["https://[::1"],
    ["https://a.example:bad/cb"],
    ["/cb"],
    [""],
    [1],
    ["javascript:alert(1)"],
    ["data:text/html,x"],
    ["jp.example.app:/cb"],
    ["https://a.example/" + "x" * 2100],
    ["https://a.example/cb", "ftp://a.example/cb"],
    ["https://a.example/cb\r\nX: y"],
    ["https://a.example/c b"],
    ["https://a.example;script-src/cb"],
    ["https://a.example'/cb"],
    ["https://a.example\\cb"],
    ["https://\u3042.example/cb"],
]


@pytest.mark.parametrize("uris", BAD_REDIRECTS, ids=lambda v: str(v)[:50])
def test_redirect_uris_that_cannot_be(shared_town: Town, token: str, uris: Any) -> None:
    answer = register(shared_town, token, {**GOOD, "redirect_uris": uris})
    assert answer.status_code == 400, answer.text
    assert answer.json["error"] in ("invalid_redirect_uri", "invalid_client_metadata")
    assert answer.json["error_description"].startswith("redirect_uris")


BAD = [
    ({"application_type": "toaster"}, "application_type"),
    ({"token_endpoint_auth_method": "client_secret_magic"}, "token_endpoint_auth_method"),
    ({"token_endpoint_auth_method": ["none"]}, "token_endpoint_auth_method"),
    ({"token_endpoint_auth_method": "private_key_jwt"}, "jwks"),
    ({"token_endpoint_auth_method": "none", "grant_types": ["client_credentials"]}, "grant_types"),
    ({"token_endpoint_auth_signing_alg": "HS256"}, "token_endpoint_auth_signing_alg"),
    ({"token_endpoint_auth_signing_alg": "none"}, "token_endpoint_auth_signing_alg"),
    ({"grant_types": ["implicit"]}, "grant_types"),
    ({"grant_types": "authorization_code"}, "grant_types"),
    ({"response_types": ["token"]}, "response_types"),
    ({"scope": "openid admin"}, "scope"),
    ({"scope": 1}, "scope"),
    ({"jwks": {"keys": [{"kty": "oct", "k": "AA"}]}}, "jwks"),
    ({"jwks": {"keys": [{"kty": "EC", "d": "AA"}]}}, "jwks"),
    ({"jwks": {"keys": "x"}}, "jwks"),
    ({"jwks": {"keys": [1]}}, "jwks"),
    ({"jwks": [1]}, "jwks"),
    ({"subject_type": "public"}, "subject_type"),
    ({"id_token_signed_response_alg": "none"}, "id_token_signed_response_alg"),
    ({"id_token_signed_response_alg": "HS256"}, "id_token_signed_response_alg"),
    ({"default_max_age": -1}, "default_max_age"),
    ({"default_max_age": "600"}, "default_max_age"),
    ({"default_max_age": True}, "default_max_age"),
    ({"default_acr_values": ["urn:other"]}, "default_acr_values"),
    ({"require_auth_time": "yes"}, "require_auth_time"),
    ({"require_pkce": 0}, "require_pkce"),
    ({"require_pkce": False, "token_endpoint_auth_method": "none"}, "require_pkce"),
    ({"logo_uri": "http://a.example/x.png"}, "logo_uri"),
    ({"logo_uri": "javascript:alert(1)"}, "logo_uri"),
    ({"policy_uri": "https://user@a.example/"}, "policy_uri"),
    ({"tos_uri": "https://[/"}, "tos_uri"),
    ({"client_uri": 1}, "client_uri"),
    ({"client_uri": "https://a.example;x/"}, "client_uri"),
    ({"client_uri": "https://a.example/ x"}, "client_uri"),
    ({"initiate_login_uri": "http://a.example/start"}, "initiate_login_uri"),
    ({"backchannel_logout_uri": "https://a.example/#x"}, "backchannel_logout_uri"),
    ({"post_logout_redirect_uris": ["http://a.example/"]}, "post_logout_redirect_uris"),
    ({"post_logout_redirect_uris": "https://a.example/"}, "post_logout_redirect_uris"),
    ({"post_logout_redirect_uris": ["https://a.example/#x"]}, "post_logout_redirect_uris"),
    ({"post_logout_redirect_uris": ["jp.example.app:/bye"]}, "post_logout_redirect_uris"),
    ({"post_logout_redirect_uris": ["javascript:alert(1)"], "application_type": "native"}, "post_logout_redirect_uris"),
    ({"post_logout_redirect_uris": ["http://a.example/"], "application_type": "native"}, "post_logout_redirect_uris"),
    ({"request_uris": ["http://a.example/r"]}, "request_uris"),
    ({"request_uris": ["https://a.example/r#é"]}, "request_uris"),
    ({"default_max_age": 10**11}, "default_max_age"),
    ({"client_name": " "}, "client_name"),
    ({"client_name": "x" * 2001}, "client_name"),
    ({"client_name": ["x"]}, "client_name"),
    ({"contacts": "a"}, "contacts"),
    ({"contacts": ["x"] * 51}, "contacts"),
    ({"redirect_uris": ["https://a.example/cb", "https://b.example/cb"]}, "redirect_uris"),
    ({"sector_identifier_uri": "http://a.example/s"}, "sector_identifier_uri"),
]


@pytest.mark.parametrize(("changes", "member"), BAD, ids=lambda v: str(v)[:60])
def test_metadata_that_cannot_be(shared_town: Town, token: str, changes: dict[str, Any], member: str) -> None:
    """Canaille's change log: a client registered `alg: none`."""
    answer = register(shared_town, token, GOOD | changes)
    assert answer.status_code == 400, answer.text
    assert answer.json["error"] in ("invalid_client_metadata", "invalid_redirect_uri")
    assert answer.json["error_description"].startswith(member)


RULES = [
    ("http://a.example/cb", "https"),
    ("https://a.example/cb#x", "fragment"),
    ("https://a.example/*", "* stands for nothing"),
    ("https://user@a.example/cb", "user name"),
    ("jp.example.app:/cb", "application_type native"),
]


@pytest.mark.parametrize(("uri", "rule"), RULES)
def test_a_refused_redirect_address_names_its_rule(shared_town: Town, token: str, uri: str, rule: str) -> None:
    answer = register(shared_town, token, {**GOOD, "redirect_uris": ["https://good.example/cb", uri]}).json
    assert answer["error"] == "invalid_redirect_uri"
    assert rule in answer["error_description"]


def test_a_scheme_that_is_no_domain_names_its_rule(shared_town: Town, token: str) -> None:
    given = {**GOOD, "application_type": "native", "redirect_uris": ["parks:/cb"]}
    assert "jp.example.app" in register(shared_town, token, given).json["error_description"]


def test_a_refused_scope_is_named(shared_town: Town, token: str) -> None:
    answer = register(shared_town, token, {**GOOD, "scope": 'openid addres "quoted" profile'}).json
    assert reason(answer).endswith("; not addres")


OPTIONAL = sorted(set(_CHECKS) - {"redirect_uris"})


@pytest.mark.parametrize("empty", ["", [], None], ids=["text", "list", "null"])
def test_what_is_empty_is_as_if_left_out(shared_town: Town, token: str, empty: Any) -> None:
    """RFC 7592 §2.2, and what libraries send for what nobody filled in (`"scope": ""`)."""

    def stored(metadata: dict[str, Any]) -> dict[str, Any]:
        answer = register(shared_town, token, metadata)
        assert answer.status_code == 201, answer.text
        ours = (
            "client_id",
            "client_secret",
            "registration_access_token",
            "registration_client_uri",
            "client_id_issued_at",
        )
        return {name: value for name, value in answer.json.items() if name not in ours}

    assert stored({**dict.fromkeys(OPTIONAL, empty), **GOOD}) == stored(GOOD)
    assert register(shared_town, token, {**GOOD, "redirect_uris": empty}).json["error"] == "invalid_redirect_uri"


def test_addresses_after_signing_out_of_a_native_app(shared_town: Town, token: str) -> None:
    uris = ["jp.example.app:/bye", "http://127.0.0.1/bye", "https://app.example/bye"]
    native = {**GOOD, "application_type": "native", "post_logout_redirect_uris": uris}
    assert register(shared_town, token, native).json["post_logout_redirect_uris"] == uris


def test_unknown_members_are_left_out(shared_town: Town, token: str) -> None:
    """RFC 7591 §2: ignored, and the answer shows what is registered."""
    body = register(
        shared_town, token, {**GOOD, "unknown": 1, "client_name#xx-<script>": "x", "contacts#ja": ["x"]}
    ).json
    assert not {"unknown", "client_name#xx-<script>", "contacts#ja"} & set(body)


def test_localhost_over_http_is_a_setting(sqlite_url: str) -> None:
    with Town(sqlite_url, http_redirects_on_localhost=False) as town:
        token = issue(town, 10)
        local = {**GOOD, "redirect_uris": ["http://localhost:9000/cb"]}
        assert register(town, token, local).json["error"] == "invalid_redirect_uri"
        assert register(town, token, {**local, "application_type": "native"}).status_code == 201


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


@pytest.mark.parametrize(
    "change",
    [
        {"client_name": "みほん市"},
        {"client_name#en": "Mihon  City"},
        {"client_name#en": "MIHОN СITY"},  # two letters are Cyrillic
        {"client_name": "ﾏﾁ", "client_name#en": "machi-id"},
        {"client_name": "こども\u202e窓口"},
        {"client_name": "こども\u200b窓口"},
        {"client_name": "こども\n窓口"},
        {"department#ja": "課\u2066"},
        {"contacts": ["a\u202e@kodomo.example"]},
        {"policy_uri": "https://["},
        {"logo_uri": "https://kodomo.example/\u202egnp.png"},
    ],
)
def test_what_poses_or_cannot_be_seen_is_not_registered(shared_town: Town, token: str, change: dict[str, Any]) -> None:
    """A name like the city's, letters that only look alike, characters that turn or hide what stands beside them."""
    answer = register(shared_town, token, GOOD | change)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_client_metadata")


@pytest.mark.parametrize(
    "name", ["葛\U000e0100城 子育て", "みほん市 子育て窓口", "Mihon City Library", "מרכז", "👩‍👩‍👧 こども"]
)
def test_ordinary_names_are_registered(shared_town: Town, token: str, name: str) -> None:
    assert register(shared_town, token, GOOD | {"client_name": name}).status_code == 201
