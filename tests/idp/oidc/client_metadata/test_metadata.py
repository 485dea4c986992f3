"""Every member of client metadata has a rule, and a value that breaks it is refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from idp.oidc.client_metadata.metadata import _CHECKS
from tests.idp.oidc.registration.test_registration import GOOD, issue, register
from tests.support.refusals import reason
from tests.support.town import Town


@pytest.fixture(scope="module")
def token(shared_town: Town) -> str:
    return issue(shared_town, 1000)


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
