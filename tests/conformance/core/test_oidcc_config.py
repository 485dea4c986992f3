"""Config plan, and the discovery part of the Dynamic plan: the document, and the keys it leads to."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.support import silent_checks
from tests.support.core_site import CoreSite

# OIDC Discovery §3, RFC 8414 §2, RFC 9126 §5, RFC 9449 §5.1, RFC 9207 §3, RFC 9396 §10, JARM §4, CIBA §4, the three logout
# specifications, RFC 8628 §4, Grant Management §7, RFC 9701 §7, identity assurance (eKYC/IDA).
KNOWN = re.compile(
    r"issuer|jwks_uri|signed_metadata|check_session_iframe|mtls_endpoint_aliases|"
    r"(authorization|token|userinfo|registration|revocation|introspection|end_session|device_authorization|"
    r"pushed_authorization_request|backchannel_authentication|grant_management)_endpoint|"
    r"(scopes|response_types|response_modes|grant_types|acr_values|subject_types|claims|claims_locales|ui_locales|claim_types|"
    r"display_values|prompt_values|code_challenge_methods|trust_frameworks|verified_claims|claims_in_verified_claims|"
    r"authorization_details_types|backchannel_token_delivery_modes|grant_management_actions)_supported|"
    r"(id_token|userinfo|request_object|introspection|authorization)_(signing|encryption)_(alg|enc)_values_supported|"
    r"(authorization)_(signing|encryption)_(alg|enc)_values_supported|"
    r"(token|revocation|introspection)_endpoint_auth_(methods|signing_alg_values)_supported|"
    r"dpop_signing_alg_values_supported|backchannel_authentication_request_signing_alg_values_supported|"
    r"backchannel_user_code_parameter_supported|grant_management_action_required|"
    r"(claims|request|request_uri)_parameter_supported|require_(request_uri_registration|pushed_authorization_requests)|"
    r"(front|back)channel_logout(_session)?_supported|authorization_response_iss_parameter_supported|"
    r"service_documentation|op_policy_uri|op_tos_uri|tls_client_certificate_bound_access_tokens|require_signed_request_object"
)
SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")  # RFC 6749 §3.3
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")  # BCP 47, canonical casing


@pytest.fixture(scope="module")
def answer(site: CoreSite) -> requests.Response:
    return requests.get(f"{site.issuer}/.well-known/openid-configuration", timeout=10)


@pytest.fixture(scope="module")
def config(answer: requests.Response) -> dict[str, Any]:
    found: dict[str, Any] = answer.json()
    return found


def test_oidcc_discovery_endpoint_verification(
    site: CoreSite, answer: requests.Response, config: dict[str, Any]
) -> None:
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].split(";")[0] == "application/json"
    issuer = urlsplit(config["issuer"])
    assert config["issuer"] == site.issuer
    assert (issuer.query, issuer.fragment) == ("", "")
    assert [name for name in config if not KNOWN.fullmatch(name)] == []


def test_discovery_response_types_and_grants(config: dict[str, Any]) -> None:
    """Core §15.2: a dynamic provider offers code, id_token and id_token token (this site has hybrid flows switched on)."""
    types = {frozenset(kind.split()) for kind in config["response_types_supported"]}
    assert types >= {frozenset(k.split()) for k in ("code", "id_token", "id_token token")}
    assert set(config["grant_types_supported"]) >= {"authorization_code", "implicit", "refresh_token"}
    assert set(config["response_modes_supported"]) >= {"query", "fragment", "form_post"}


def test_discovery_subject_types(config: dict[str, Any]) -> None:
    assert config["subject_types_supported"] == ["pairwise"]


def test_discovery_algorithms(config: dict[str, Any]) -> None:
    assert "RS256" in config["id_token_signing_alg_values_supported"]
    assert "RS256" in config["userinfo_signing_alg_values_supported"]
    assert "RS256" in config["request_object_signing_alg_values_supported"]
    assert "none" not in config["id_token_signing_alg_values_supported"]
    assert "none" not in config["token_endpoint_auth_signing_alg_values_supported"]
    assert isinstance(config["code_challenge_methods_supported"], list)


def test_discovery_flags(config: dict[str, Any]) -> None:
    for flag in ("request_parameter_supported", "request_uri_parameter_supported", "claims_parameter_supported"):
        assert config[flag] is True
    assert {"sub", "name", "email"} <= set(config["claims_supported"])


def test_discovery_scopes(config: dict[str, Any]) -> None:
    assert "openid" in config["scopes_supported"]
    assert all(SCOPE.fullmatch(scope) for scope in config["scopes_supported"])


def test_discovery_locales(config: dict[str, Any]) -> None:
    for name in ("ui_locales_supported", "claims_locales_supported"):
        assert config[name]
        assert all(LANGUAGE.fullmatch(tag) for tag in config[name])


def test_discovery_endpoints(site: CoreSite, config: dict[str, Any]) -> None:
    """Each is at the issuer, hence https wherever the issuer is, which the settings require outside demonstrations."""
    endpoints = {
        n: u for n, u in config.items() if n.endswith("_endpoint") or n in ("jwks_uri", "check_session_iframe")
    }
    assert {"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "registration_endpoint"} <= set(endpoints)
    assert all(url.startswith(site.issuer + "/") and "#" not in url for url in endpoints.values())
    for name, url in endpoints.items():
        if name == "grant_management_endpoint":
            continue  # only with a grant's id behind it (Grant Management §6)
        assert requests.get(url, timeout=10, allow_redirects=False).status_code != 404, name


def test_discovery_jwks_uri(config: dict[str, Any]) -> None:
    answer = requests.get(config["jwks_uri"], timeout=10)
    assert answer.headers["Content-Type"].split(";")[0] in ("application/json", "application/jwk-set+json")
    silent_checks.check_keys(answer.json())


def test_discovery_for_logout_plans(config: dict[str, Any]) -> None:
    """The first module of each logout plan."""
    for flag in (
        "frontchannel_logout",
        "frontchannel_logout_session",
        "backchannel_logout",
        "backchannel_logout_session",
    ):
        assert config[f"{flag}_supported"] is True
    assert config["end_session_endpoint"]
    assert config["check_session_iframe"]
