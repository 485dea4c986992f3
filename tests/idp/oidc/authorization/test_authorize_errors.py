"""Errors that go to the app, once client and redirect URI are proven (OIDC Core §3.1.2.6)."""

from __future__ import annotations

import json
import re

import pytest

from tests.support.apps import App
from tests.support.browser import Browser, callback
from tests.support.html import form_actions
from tests.support.town import Town

# RFC 6749 §4.1.2.1
ALLOWED = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*")

CASES = [
    ({"response_type": None}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": 'co"de\u3042\r\nX: y'}, "unsupported_response_type"),
    ({"scope": None}, "invalid_scope"),
    ({"scope": "profile"}, "invalid_scope"),
    ({"scope": "openid case:write"}, "invalid_scope"),
    ({"code_challenge": None, "code_challenge_method": None, "nonce": None}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge_method": None}, "invalid_request"),
    ({"code_challenge_method": "s256"}, "invalid_request"),
    ({"code_challenge": "short"}, "invalid_request"),
    ({"code_challenge": "!" * 43}, "invalid_request"),
    ({"prompt": "none login"}, "invalid_request"),
    ({"prompt": "unknown"}, "invalid_request"),
    ({"max_age": "-1"}, "invalid_request"),
    ({"max_age": "soon"}, "invalid_request"),
    ({"max_age": "\u0661"}, "invalid_request"),
    ({"max_age": "9" * 30}, "invalid_request"),
    ({"response_mode": "web_message"}, "invalid_request"),
    ({"response_mode": "jws"}, "invalid_request"),
    ({"claims": "{"}, "invalid_request"),
    ({"claims": "[]"}, "invalid_request"),
    ({"claims": '{"userinfo": []}'}, "invalid_request"),
    ({"claims": '{"userinfo": {"name": "x"}}'}, "invalid_request"),
    ({"claims": "[" * 3000}, "invalid_request"),
    ({"request": "e30.e30."}, "invalid_request_object"),
    ({"request_uri": "https://a.example/"}, "invalid_request_uri"),
    ({"registration": "{}"}, "registration_not_supported"),
    ({"resource": "https://other.example/"}, "invalid_target"),
    ({"id_token_hint": "nonsense"}, "invalid_request"),
    ({"claims": json.dumps({"id_token": {"acr": {"essential": True, "values": ["urn:other"]}}})},
     "unmet_authentication_requirements"),
    ({"claims": json.dumps({"id_token": {"sub": {"value": "somebody-else"}}})}, "login_required"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "error"), CASES, ids=lambda v: json.dumps(v)[:60] if isinstance(v, dict) else "")
def test_the_app_is_told_what_is_wrong(
    shared_browser: Browser, shared_app: App, changes: dict[str, str | None], error: str
) -> None:
    answer = shared_browser.authorize(shared_app, **changes)
    told = callback(answer)
    assert told["error"] == error
    assert told["state"] == "st-1"
    assert told["iss"] == shared_app.town.issuer  # RFC 9207 §2
    assert "code" not in told
    assert ALLOWED.fullmatch(told.get("error_description", ""))
    assert answer.location.startswith(shared_app.redirect_uri + "?")
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("changes", "instead"),
    [
        ({"response_type": "token"}, "'code'"),
        ({"response_type": "id_token"}, "'code'"),
        ({"response_mode": "web_message"}, "'query'"),
    ],
)
def test_what_is_not_offered_is_refused_with_what_is(
    shared_browser: Browser, shared_app: App, changes: dict[str, str], instead: str
) -> None:
    """Some libraries ask for such a thing by default, and show their developer this text alone."""
    assert instead in callback(shared_browser.authorize(shared_app, **changes))["error_description"]


@pytest.mark.parametrize("value", ["openid nope", "openid openid profile", "profile openid"])
def test_unknown_and_repeated_scopes_are_ignored(shared_browser: Browser, shared_app: App, value: str) -> None:
    assert shared_browser.sign_on(shared_app, scope=value)["code"]


@pytest.mark.parametrize(
    "changes",
    [
        {"unknown": "x"},
        {"display": "popup"},
        {"login_hint": "0000-0000"},
        {"ui_locales": "fr-CA en ja"},
        {"claims_locales": "ja"},
        {"nonce": None},
        {"state": None},
        {"acr_values": "urn:machi:acr:ial3-aal3 urn:other"},
        {"claims": json.dumps({"userinfo": {"name": {"essential": True}, "unknown": None}})},
        {"prompt": ""},
        {"max_age": "10000"},
        {"max_age": "9999999999"},
        {"max_age": "9" * 18},
    ],
    ids=lambda v: next(iter(v)),
)
def test_what_need_not_be_understood_does_not_disturb(
    shared_browser: Browser, shared_app: App, changes: dict[str, str | None]
) -> None:
    answer = shared_browser.sign_on(shared_app, **changes)
    assert answer["code"]
    assert answer.get("state") == (None if "state" in changes else "st-1")


def test_state_comes_back_byte_for_byte(shared_browser: Browser, shared_app: App) -> None:
    state = "a b&c=d#e%2F\u3042\"'<script>"
    for mode in ("query", "fragment", "form_post"):
        assert shared_browser.sign_on(shared_app, state=state, response_mode=mode)["state"] == state


def test_form_post_escapes_what_it_carries(shared_browser: Browser, shared_app: App) -> None:
    """authentik CVE-2026-42849: script in `state` of a form_post page. CVE-2024-21637."""
    shared_browser.sign_on(shared_app)
    answer = shared_browser.authorize(shared_app, state='"><script>alert(1)</script>', response_mode="form_post")
    assert "<script>alert" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert form_actions(answer.text).count(shared_app.redirect_uri) == 1


def test_fragment_mode_puts_nothing_into_the_query(shared_browser: Browser, shared_app: App) -> None:
    shared_browser.sign_on(shared_app)
    location = shared_browser.authorize(shared_app, response_mode="fragment").location
    assert location.startswith(shared_app.redirect_uri + "#")


def test_without_a_login_nothing_is_told_but_login_required(shared_town: Town, shared_app: App) -> None:
    stranger = shared_town.browser()
    assert callback(stranger.authorize(shared_app, prompt="none"))["error"] == "login_required"
    answer = stranger.authorize(shared_app)
    assert answer.status_code == 303
    assert answer.location.startswith("/signin/")


def test_post_is_the_same_request(shared_town: Town, shared_browser: Browser, shared_app: App) -> None:
    """OIDC Core §3.1.2.1: GET and POST. A cross-site form brings no cookies, hence the way round by GET."""
    shared_browser.sign_on(shared_app)
    foreign = shared_town.app.test_client()
    first = foreign.post("/authorize", data=shared_app.request(), headers={"Origin": "https://shared.example"})
    assert first.status_code == 303
    answer = shared_browser.post("/authorize", shared_app.request())
    assert answer.status_code == 303
    assert callback(shared_browser.get(answer.location))["code"]


def test_post_with_prompt_none_answers_at_once(shared_town: Town, shared_app: App) -> None:
    answer = shared_town.app.test_client().post("/authorize", data=shared_app.request(prompt="none"))
    assert callback(answer)["error"] == "login_required"


def test_a_level_that_nobody_can_reach_is_an_error_before_anybody_signs_in(shared_town: Town, shared_app: App) -> None:
    """OIDC Core §5.5.1.1."""
    claims = json.dumps({"id_token": {"acr": {"essential": True, "values": ["urn:other"]}}})
    told = callback(shared_town.browser().authorize(shared_app, claims=claims))
    assert told["error"] == "unmet_authentication_requirements"
