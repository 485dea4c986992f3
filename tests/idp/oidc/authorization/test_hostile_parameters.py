"""Whatever is sent, the answer is a registered error or a page of ours; never a 500, never a way elsewhere."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.apps import App
from tests.support.browser import Browser, callback
from tests.support.hostile_words import encoded, nasty
from tests.support.town import Town

AUTHORIZE_ERRORS = {
    "invalid_request", "unauthorized_client", "access_denied", "unsupported_response_type", "invalid_scope", "server_error",
    "temporarily_unavailable", "interaction_required", "login_required", "consent_required", "request_not_supported",
    "request_uri_not_supported", "registration_not_supported", "invalid_request_object", "invalid_request_uri",
    "invalid_authorization_details", "unmet_authentication_requirements", "invalid_target",
}  # fmt: skip
TOKEN_ERRORS = {
    "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope",
    "invalid_target",
}  # fmt: skip

authorize_names = st.sampled_from(
    ["response_type", "scope", "state", "nonce", "prompt", "max_age", "display", "claims", "acr_values", "id_token_hint",
     "login_hint", "ui_locales", "claims_locales", "response_mode", "code_challenge", "code_challenge_method", "request",
     "request_uri", "registration", "resource", "dpop_jkt", "authorization_details", "redirect_uri", "client_id"]
)  # fmt: skip
token_names = st.sampled_from(
    ["grant_type", "code", "redirect_uri", "code_verifier", "refresh_token", "scope", "resource", "client_id", "client_secret",
     "client_assertion", "client_assertion_type", "audience", "assertion"]
)  # fmt: skip
relaxed = settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def ready(shared_browser: Browser, shared_app: App) -> App:
    shared_browser.sign_on(shared_app)
    return shared_app


@relaxed
@given(changes=st.dictionaries(authorize_names, nasty, max_size=5), post=st.booleans())
def test_authorize(shared_browser: Browser, ready: App, changes: dict[str, str], post: bool) -> None:
    values = encoded(ready.request() | changes)
    if post:
        answer = shared_browser.client.post("/authorize", data=values, content_type="application/x-www-form-urlencoded")
    else:
        answer = shared_browser.client.get("/authorize?" + values)
    assert answer.status_code in (200, 302, 303, 400)
    if answer.status_code == 302:
        assert answer.location.startswith(ready.redirect_uri)
        told = callback(answer)
        assert "code" in told or told["error"] in AUTHORIZE_ERRORS
        assert all(" " <= c <= "~" and c not in '"\\' for c in told.get("error_description", ""))
    elif answer.status_code == 303:
        assert answer.location.startswith(("/signin/", "/consent/", "/authorize/"))


@relaxed
@given(changes=st.dictionaries(token_names, nasty, max_size=5), anonymous=st.booleans())
def test_token(ready: App, changes: dict[str, str], anonymous: bool) -> None:
    form = {"grant_type": "authorization_code", "code": "x", "redirect_uri": ready.redirect_uri} | changes
    more: dict[str, Any] = {} if anonymous else {"auth": (ready.client_id, str(ready.secret))}
    answer = ready.town.app.test_client().post(
        "/token", data=encoded(form), content_type="application/x-www-form-urlencoded", **more
    )
    if answer.status_code == 429:  # guessing is slowed down, that is all
        ready.town.parts.limits.reset()
        return
    assert answer.status_code in (400, 401)
    assert answer.json["error"] in TOKEN_ERRORS
    description = answer.json.get("error_description", "")
    assert all(" " <= c <= "~" and c not in '"\\' for c in description)


@relaxed
@given(
    value=st.one_of(nasty, st.binary(max_size=80).map(lambda b: b.decode("latin-1"))),
    scheme=st.sampled_from(["Bearer ", "Basic ", ""]),
)
def test_authorization_headers(shared_town: Town, value: str, scheme: str) -> None:
    header = (scheme + value).replace("\r", "").replace("\n", "").encode("utf-8", "replace").decode("latin-1")
    client = shared_town.app.test_client()
    for method, path in (("GET", "/userinfo"), ("POST", "/token"), ("POST", "/introspect"), ("POST", "/api/v1/events")):
        answer = client.open(path, method=method, headers={"Authorization": header})
        assert answer.status_code in (400, 401, 415, 429)
    shared_town.parts.limits.reset()


@relaxed
@given(value=st.one_of(nasty, st.text(st.characters(max_codepoint=255), max_size=60)))
def test_cookies(shared_town: Town, ready: App, value: str) -> None:
    raw = "".join(c for c in value if c not in "\r\n\x00").encode("utf-8", "replace").decode("latin-1")
    header = {"Cookie": f"machi_session={raw}; machi_browser={raw}; machi_lang={raw}", "Accept": "text/html"}
    client = shared_town.app.test_client(use_cookies=False)
    for path in (
        "/authorize?" + urlencode(ready.request()),
        "/signin",
        "/signin?next=" + encoded({"x": value})[2:],
        "/logout",
    ):
        assert client.get(path, headers=header).status_code in (200, 302, 303)


@relaxed
@given(value=nasty)
def test_ids_in_addresses(any_path_town: Town, value: str) -> None:
    from urllib.parse import quote

    client = any_path_town.app.test_client()
    padded = quote((value * 43)[:43], safe="", errors="replace")
    for path in (
        "/signin/{}",
        "/authorize/{}",
        "/consent/{}",
        "/signin/{}/code",
        "/signin/{}/welcome",
        "/signin/x/card/{}",
    ):
        assert client.get(path.format(padded or "x"), headers={"Accept": "text/html"}).status_code in (
            303,
            308,
            404,
            410,
        )


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def any_path_town(request: pytest.FixtureRequest) -> Any:
    """A town of each kind for the module: what one database stores another may refuse (NUL characters)."""
    if request.param == "sqlite":
        yield request.getfixturevalue("shared_town")
        return
    from tests.support import databases

    with databases.postgresql_copy(request.getfixturevalue("postgresql_server")) as url, Town(url) as town:
        yield town
