"""Discovery tells the truth: what it advertises works, and what works is advertised."""

from __future__ import annotations

import pytest
from authlib.oauth2 import rfc8414, rfc9101, rfc9207
from authlib.oidc import rpinitiated
from authlib.oidc.discovery import OpenIDProviderMetadata

from idp.foundation.web.callers import Caller, caller_of
from tests.support.apps import App
from tests.support.browser import Browser, callback
from tests.support.town import Town


@pytest.fixture(scope="module")
def found(shared_town: Town) -> dict[str, object]:
    body: dict[str, object] = shared_town.app.test_client().get("/.well-known/openid-configuration").json
    return body


def test_both_well_known_paths_say_the_same(shared_town: Town) -> None:
    client = shared_town.app.test_client()
    first, second = (client.get(f"/.well-known/{n}") for n in ("openid-configuration", "oauth-authorization-server"))
    assert first.data == second.data
    assert first.content_type == "application/json"
    assert "max-age=600" in first.headers["Cache-Control"]


@pytest.mark.parametrize("hybrid", [False, True])
def test_the_document_is_valid_metadata_by_authlib_s_rules(sqlite_url: str, hybrid: bool) -> None:
    """RFC 8414 §2, OIDC Discovery §3, and what RFC 9101, RFC 9207 and RP-Initiated Logout add; with an issuer on https."""
    with Town(sqlite_url, issuer="https://id.mihon.example", hybrid_flows=hybrid) as town:
        document = town.app.test_client().get("/.well-known/openid-configuration").json
    more = [rfc9101.AuthorizationServerMetadata, rfc9207.AuthorizationServerMetadata]
    rfc8414.AuthorizationServerMetadata(document).validate(metadata_classes=more)
    OpenIDProviderMetadata(document).validate(metadata_classes=[rpinitiated.OpenIDProviderMetadata])


def test_the_issuer_comes_from_the_settings_not_from_a_header(shared_town: Town) -> None:
    """Zitadel CVE-2025-48936, CVE-2025-64101."""
    answer = shared_town.app.test_client().get(
        "/.well-known/openid-configuration", headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    )
    assert answer.json["issuer"] == shared_town.issuer
    assert b"evil" not in answer.data


# Grants stand below their endpoint, by their id (Grant Management §6.1).
BELOW = {"grant_management_endpoint": "/x"}


def test_every_endpoint_named_exists(shared_town: Town, found: dict[str, str]) -> None:
    client = shared_town.app.test_client()
    for name, url in found.items():
        if name.endswith(("_endpoint", "_uri")):
            assert url.startswith(shared_town.issuer + "/")
            path = url.removeprefix(shared_town.issuer) + BELOW.get(name, "")
            with shared_town.app.test_request_context(path):
                assert shared_town.app.url_map.bind("localhost").allowed_methods(path), name
            assert client.get(path).status_code != 500, name


def test_every_route_for_apps_is_named(shared_town: Town, found: dict[str, str]) -> None:
    """From the URL map: whatever an app may call of the protocol's room, so that a new endpoint cannot be forgotten."""
    app = shared_town.app
    served = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if app.view_functions[rule.endpoint].__module__.startswith("idp.oidc.")
        and caller_of(app, rule.endpoint) in (Caller.ANYONE, Caller.CLIENT, Caller.BEARER)
    }
    transmitter = app.test_client().get("/.well-known/ssf-configuration").json
    urls = [*texts(found), *texts(transmitter)]
    named = {url.removeprefix(shared_town.issuer) for url in urls if url.startswith(shared_town.issuer + "/")}
    assert {rule for rule in served if rule.partition("/<")[0] not in named} <= ON_THEIR_OWN


ON_THEIR_OWN = {
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/.well-known/ssf-configuration",
    "/.well-known/webfinger",  # found by its name (RFC 7033 §4)
    "/apps/<client_id>/logo/<digest>",  # a picture on our own pages
    "/ssf/poll/<stream_id>",  # told with the stream (SSF §8.1.1)
}


def texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for part in value.values() for text in texts(part)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_each_id_token_algorithm_signs(
    shared_town: Town, shared_browser: Browser, found: dict[str, list[str]], alg: str
) -> None:
    assert alg in found["id_token_signing_alg_values_supported"]
    app = shared_town.register(id_token_signed_response_alg=alg)
    assert app.id_token(shared_browser.tokens(app)["id_token"])["iss"] == shared_town.issuer


def test_algorithms_not_advertised_cannot_be_registered(shared_town: Town, found: dict[str, list[str]]) -> None:
    from idp.oidc.client_metadata.metadata import MetadataError

    for alg in {"none", "HS256", "PS256", "EdDSA"} - set(found["id_token_signing_alg_values_supported"]):
        with pytest.raises(MetadataError):
            shared_town.register(id_token_signed_response_alg=alg)


@pytest.mark.parametrize("mode", ["query", "fragment", "form_post"])
def test_each_response_mode_works(
    shared_browser: Browser, shared_app: App, found: dict[str, list[str]], mode: str
) -> None:
    assert mode in found["response_modes_supported"]
    assert shared_browser.sign_on(shared_app, response_mode=mode)["code"]


def test_each_scope_is_granted(shared_town: Town, shared_browser: Browser, found: dict[str, list[str]]) -> None:
    scope = " ".join(found["scopes_supported"])
    app = shared_town.register(scope=scope)
    assert set(shared_browser.tokens(app, scope=scope)["scope"].split()) == set(found["scopes_supported"])


def test_each_claim_is_given(shared_town: Town, shared_browser: Browser, found: dict[str, list[str]]) -> None:
    app = shared_town.register()
    body = shared_browser.tokens(app, scope="openid profile email address phone")
    given = set(app.id_token(body["id_token"])) | set(app.userinfo(body["access_token"]).json)
    # 見本 花子 has no phone in the register; a claim without a value is left out (OIDC Core §5.3.2).
    assert set(found["claims_supported"]) - given == {"phone_number", "phone_number_verified"}
    assert given - {"at_hash"} <= set(found["claims_supported"])


@pytest.mark.parametrize("prompt", ["none", "login", "consent", "select_account", "create"])
def test_each_prompt_is_understood(
    shared_browser: Browser, shared_app: App, found: dict[str, list[str]], prompt: str
) -> None:
    assert prompt in found["prompt_values_supported"]
    answer = shared_browser.authorize(shared_app, prompt=prompt)
    assert answer.status_code == 303 or callback(answer).get("error") in (None, "consent_required")


def test_each_acr_value_can_be_asked_for(shared_browser: Browser, shared_app: App, found: dict[str, list[str]]) -> None:
    body = shared_browser.tokens(shared_app, acr_values=" ".join(found["acr_values_supported"]))
    assert shared_app.id_token(body["id_token"])["acr"] in found["acr_values_supported"]


def test_request_uris_must_be_registered_as_it_says(
    shared_browser: Browser, shared_app: App, found: dict[str, bool]
) -> None:
    assert found["require_request_uri_registration"] is True
    answer = callback(shared_browser.authorize(shared_app, request_uri="https://shared.example/request.jwt"))
    assert answer["error"] == "invalid_request_uri"


def test_grant_types_not_advertised_are_refused(shared_app: App, found: dict[str, list[str]]) -> None:
    for grant in ("password", "implicit", "urn:ietf:params:oauth:grant-type:saml2-bearer"):
        assert grant not in found["grant_types_supported"]
        answer = shared_app.post("/token", {"grant_type": grant, "username": "x", "password": "y"})
        assert (answer.status_code, answer.json["error"]) == (400, "unsupported_grant_type")


def test_response_types_not_advertised_are_refused(
    shared_browser: Browser, shared_app: App, found: dict[str, list[str]]
) -> None:
    assert found["response_types_supported"] == ["code"]
    for kind in ("token", "id_token", "code id_token", "none", "code token"):
        assert (
            callback(shared_browser.authorize(shared_app, response_type=kind))["error"] == "unsupported_response_type"
        )
