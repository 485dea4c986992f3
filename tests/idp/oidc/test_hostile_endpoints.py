"""Every endpoint that takes parameters, with whatever is sent: doubled, empty, huge, wrongly encoded, of a wrong type.

The answer is always a registered error, a page of ours, or what was asked for; never a 500. `/authorize`, `/token`, headers and
cookies have more in test_hostile_parameters.py, signed content in test_hostile_proofs.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from idp.oidc.policy.policy import set_policy
from idp.oidc.registration.registration import issue_initial_access_token
from tests.conftest import sqlite_copy
from tests.support import databases
from tests.support.apps import App
from tests.support.browser import Browser, callback
from tests.support.ciba import Desk
from tests.support.hostile_words import encoded, nasty
from tests.support.town import Town

modest = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])

# RFC 6749 §5.2, RFC 8707 §2; RFC 9101 §6, RFC 9396 §5; RFC 8628 §3.5; RFC 7009 §2.2.1; RFC 7591 §3.2.2; RFC 6750 §3.1; CIBA §13.
OAUTH = {"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope",
         "invalid_target"}  # fmt: skip
PUSHED = OAUTH | {"invalid_request_object", "invalid_request_uri", "request_not_supported", "request_uri_not_supported",
                  "registration_not_supported", "unsupported_response_type", "invalid_authorization_details",
                  "unmet_authentication_requirements", "invalid_dpop_proof", "access_denied"}  # fmt: skip
POLLED = OAUTH | {"authorization_pending", "slow_down", "access_denied", "expired_token", "invalid_dpop_proof"}
CIBA = OAUTH | {"expired_login_hint_token", "unknown_user_id", "missing_user_code", "invalid_user_code",
                "invalid_binding_message", "access_denied"}  # fmt: skip
REGISTERED = {"invalid_redirect_uri", "invalid_client_metadata", "invalid_software_statement", "unapproved_software_statement",
              "invalid_token", "invalid_request"}  # fmt: skip
BEARER = {"invalid_request", "invalid_token", "insufficient_scope", "insufficient_user_authentication"}


@dataclass(frozen=True)
class Endpoint:
    """Where to post, the names it knows, a good request's parameters, and what it may answer."""

    path: str
    names: tuple[str, ...]
    good: dict[str, str]
    errors: frozenset[str]
    success: int = 200
    ours: frozenset[int] = frozenset({400, 401})


AUTHENTICATION = ("client_id", "client_secret", "client_assertion", "client_assertion_type")
ENDPOINTS = [
    Endpoint("/par", ("response_type", "redirect_uri", "scope", "state", "request", "request_uri", "claims", "resource",
                      "authorization_details", "dpop_jkt", "code_challenge", "max_age", "prompt", *AUTHENTICATION),
             {"response_type": "code", "scope": "openid"}, frozenset(PUSHED), 201),
    Endpoint("/device_authorization", ("scope", "resource", *AUTHENTICATION), {"scope": "openid"}, frozenset(OAUTH)),
    Endpoint("/introspect", ("token", "token_type_hint", *AUTHENTICATION), {"token": "x"}, frozenset(OAUTH)),
    Endpoint("/revoke", ("token", "token_type_hint", *AUTHENTICATION), {"token": "x"},
             frozenset(OAUTH | {"unsupported_token_type"})),
    *(
        Endpoint("/token", ("grant_type", *names, "scope", "resource", *AUTHENTICATION), {"grant_type": grant},
                 frozenset(POLLED | {"invalid_authorization_details", "expired_login_hint_token"}))
        for grant, names in {
            "authorization_code": ("code", "redirect_uri", "code_verifier"),
            "refresh_token": ("refresh_token",),
            "client_credentials": ("audience",),
            "urn:ietf:params:oauth:grant-type:device_code": ("device_code",),
            "urn:openid:params:grant-type:ciba": ("auth_req_id",),
            "urn:ietf:params:oauth:grant-type:jwt-bearer": ("assertion",),
            "urn:ietf:params:oauth:grant-type:token-exchange": (
                "subject_token", "subject_token_type", "actor_token", "actor_token_type", "requested_token_type", "audience"),
        }.items()
    ),
]  # fmt: skip


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def shared_town(request: pytest.FixtureRequest, template: Any) -> Iterator[Town]:
    """A town of each kind for the module: what one database stores the other may refuse (NUL characters)."""
    if request.param == "sqlite":
        with sqlite_copy(template[0]) as url, Town(url) as town:
            yield town
        return
    with databases.postgresql_copy(request.getfixturevalue("postgresql_server")) as url, Town(url) as town:
        yield town


@pytest.fixture(scope="module")
def able(shared_town: Town) -> App:
    """An app that may use every grant."""
    return shared_town.register(
        redirect_uris=["https://able.example/cb"],
        grant_types=["authorization_code", "refresh_token", "client_credentials",
                     "urn:ietf:params:oauth:grant-type:device_code", "urn:ietf:params:oauth:grant-type:jwt-bearer",
                     "urn:ietf:params:oauth:grant-type:token-exchange"],
        scope="openid profile case:write",
    )  # fmt: skip


def check(
    answer: TestResponse, errors: frozenset[str], town: Town, success: tuple[int, ...], ours: frozenset[int]
) -> None:
    """A good answer, or a registered error whose description keeps to RFC 6749's characters."""
    if answer.status_code == 429:  # guessing is slowed down, that is all
        town.parts.limits.reset()
        return
    if answer.status_code in success:
        return
    assert answer.status_code in ours, (answer.status_code, answer.text[:300])
    assert answer.json["error"] in errors, answer.json
    assert all(" " <= c <= "~" and c not in '"\\' for c in answer.json.get("error_description", ""))


def form(client: Any, path: str, body: str, **more: Any) -> TestResponse:
    answer: TestResponse = client.post(path, data=body, content_type="application/x-www-form-urlencoded", **more)
    return answer


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda e: (e.path + ":" + e.good.get("grant_type", "")).strip("/:"))
@modest
@given(data=st.data())
def test_forms(shared_town: Town, able: App, endpoint: Endpoint, data: st.DataObject) -> None:
    pairs = data.draw(st.lists(st.tuples(st.sampled_from(endpoint.names), nasty), max_size=5))
    keep = data.draw(st.booleans())  # beside the good ones: a name in both comes twice
    anonymous = data.draw(st.integers(0, 3)) == 0
    body = encoded([*(endpoint.good.items() if keep else ()), *pairs])
    more: dict[str, Any] = {} if anonymous else {"auth": (able.client_id, str(able.secret))}
    answer = form(shared_town.app.test_client(), endpoint.path, body, **more)
    check(answer, endpoint.errors, shared_town, (endpoint.success,), endpoint.ours)


@pytest.mark.parametrize("path", ["/authorize", "/par", "/token", "/device_authorization", "/introspect", "/revoke",
                                  "/backchannel_authentication", "/userinfo", "/logout", "/register"])  # fmt: skip
@modest
@given(
    body=st.one_of(st.binary(max_size=200), st.sampled_from([b"&" * 3000, b"=&=&=", b"a" * 70000, b"%", b"%zz=%c3%28",
                                                             b"token=%ff%fe", b"\x00=\x00", b"a=1" + b"&a=1" * 1200])),
    kind=st.sampled_from(["application/x-www-form-urlencoded", "application/json", "text/plain", "multipart/form-data", "",
                          "multipart/form-data; boundary=x", "application/x-www-form-urlencoded; charset=utf-16", "\u00e9"]),
)  # fmt: skip
def test_bodies_of_any_bytes(shared_town: Town, able: App, path: str, body: bytes, kind: str) -> None:
    auth = (able.client_id, str(able.secret))
    answer = shared_town.app.test_client().post(path, data=body, content_type=kind, auth=auth)
    assert answer.status_code in (200, 302, 303, 400, 401, 413, 415, 429), answer.text[:300]
    shared_town.parts.limits.reset()


@pytest.mark.parametrize("path", ["/authorize", "/par", "/token", "/device_authorization", "/introspect", "/revoke"])
@pytest.mark.parametrize("name", ["client_id", "scope", "token", "grant_type", "response_type", "redirect_uri"])
def test_a_parameter_sent_twice(shared_town: Town, able: App, path: str, name: str) -> None:
    """RFC 6749 §3.1, §3.2: even the same value twice is refused, so that no two readers can see different ones."""
    values = able.request() | {"grant_type": "client_credentials", "token": "x"}
    body = encoded([*values.items(), (name, values[name])])
    answer = form(shared_town.app.test_client(), path, body, auth=(able.client_id, str(able.secret)))
    if path == "/authorize" and name not in ("client_id", "redirect_uri"):
        assert callback(answer)["error"] == "invalid_request"  # the way back is proven (RFC 6749 §4.1.2.1)
        return
    assert answer.status_code == 400
    if path != "/authorize":
        assert answer.json["error"] == "invalid_request"


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), nasty),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=2)),
    max_leaves=5,
)
METADATA = ("redirect_uris", "client_name", "client_name#ja", "grant_types", "response_types", "scope", "contacts", "jwks",
            "jwks_uri", "sector_identifier_uri", "subject_type", "token_endpoint_auth_method", "id_token_signed_response_alg",
            "default_max_age", "require_auth_time", "default_acr_values", "request_uris", "post_logout_redirect_uris",
            "backchannel_logout_uri", "software_statement", "software_id", "tls_client_auth_subject_dn", "logo_uri",
            "dpop_bound_access_tokens", "authorization_details_types", "initiate_login_uri", "application_type")  # fmt: skip


@pytest.fixture(scope="module")
def right(shared_town: Town) -> dict[str, str]:
    from datetime import timedelta

    with shared_town.writing() as session:
        return {"Authorization": f"Bearer {issue_initial_access_token(session, 'test', 10**6, timedelta(days=1))}"}


@modest
@given(
    changes=st.dictionaries(st.sampled_from(METADATA), json_values, max_size=4), whole=st.one_of(st.none(), json_values)
)
@example(changes={"redirect_uris": ["https://a.example/" + "x" * 5000]}, whole=None)
@example(changes={"jwks": {"keys": [{"kty": "EC", "crv": "P-256", "x": "\u3042", "y": 1}]}}, whole=None)
@example(changes={"default_max_age": 10**40}, whole=None)
@example(changes={"client_name": "\x00"}, whole=None)
def test_registration(shared_town: Town, right: dict[str, str], changes: dict[str, Any], whole: Any) -> None:
    given_metadata = {"redirect_uris": ["https://reg.example/cb"]} | changes if whole is None else whole
    body = json.dumps(given_metadata).encode("utf-8", "replace")
    answer = shared_town.app.test_client().post("/register", data=body, content_type="application/json", headers=right)
    check(answer, frozenset(REGISTERED), shared_town, (201,), frozenset({400, 401}))


@pytest.fixture(scope="module")
def desk(shared_town: Town) -> Desk:
    made = Desk(shared_town)
    with shared_town.app.app_context(), shared_town.writing() as session:
        set_policy(session, made.app.client_id, {"unified_id_hints": True}, "test")
    return made


@modest
@given(
    pairs=st.lists(
        st.tuples(
            st.sampled_from(["scope", "login_hint", "login_hint_token", "id_token_hint", "binding_message", "user_code",
                             "requested_expiry", "acr_values", "client_notification_token", "request", "resource"]), nasty
        ), max_size=5
    ),
    keep=st.booleans(),
)  # fmt: skip
def test_backchannel_authentication(shared_town: Town, desk: Desk, pairs: list[tuple[str, str]], keep: bool) -> None:
    good = {"scope": "openid", "login_hint": "unknown"} if keep else {}
    body = encoded([*desk.authentication().items(), *good.items(), *pairs])
    answer = form(shared_town.app.test_client(), "/backchannel_authentication", body)
    check(answer, frozenset(CIBA), shared_town, (200,), frozenset({400, 401, 403}))


@modest
@given(token=nasty, where=st.sampled_from(["header", "form", "query"]), scheme=st.sampled_from(["Bearer", "DPoP"]))
def test_userinfo(shared_town: Town, token: str, where: str, scheme: str) -> None:
    client = shared_town.app.test_client()
    if where == "form":
        answer = form(client, "/userinfo", encoded({"access_token": token}))
    elif where == "query":
        answer = client.get("/userinfo?" + encoded({"access_token": token}))
    else:
        raw = "".join(c for c in token if c not in "\r\n").encode("utf-8", "replace").decode("latin-1")
        answer = client.get("/userinfo", headers={"Authorization": f"{scheme} {raw}", "DPoP": raw})
    assert answer.status_code in (400, 401)
    assert answer.headers["WWW-Authenticate"]
    if answer.is_json and answer.json and "error" in answer.json:
        assert answer.json["error"] in BEARER | {"invalid_dpop_proof", "use_dpop_nonce"}


@modest
@given(
    pairs=st.lists(
        st.tuples(st.sampled_from(["id_token_hint", "post_logout_redirect_uri", "state", "client_id", "logout_hint",
                                   "ui_locales"]), nasty), max_size=5
    ),
    post=st.booleans(),
)  # fmt: skip
def test_end_session(shared_town: Town, shared_app: App, pairs: list[tuple[str, str]], post: bool) -> None:
    browser = shared_town.browser()
    values = encoded([("client_id", shared_app.client_id), *pairs])
    answer = form(browser.client, "/logout", values) if post else browser.get("/logout?" + values)
    assert answer.status_code in (200, 302, 303, 400)
    if "Location" in answer.headers:
        assert answer.location.startswith("/")
        assert not answer.location.startswith("//")


@modest
@given(value=nasty)
def test_pages_of_a_signed_in_resident(shared_browser: Browser, value: str) -> None:
    for path in ("/device?", "/approve?"):
        assert shared_browser.get(path + encoded({"user_code": value, "request": value})).status_code in (
            200,
            303,
            400,
            429,
        )
    assert shared_browser.post("/device", {"user_code": value}).status_code in (200, 303, 400, 404, 429)
    assert shared_browser.post("/device/decide", {"user_code": value, "decision": value}).status_code in (
        303,
        400,
        404,
        410,
        429,
    )
    shared_browser.town.parts.limits.reset()
