"""RP-initiated logout: a redirect only with proof, otherwise a page of ours; never a dead end."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from werkzeug.test import TestResponse

from idp.foundation import clock
from idp.logins.model import LoginSession
from tests.support.apps import App
from tests.support.browser import Browser, callback
from tests.support.html import hidden_fields
from tests.support.town import Town

AFTER = "https://after.example/bye"


@pytest.fixture
def app(town: Town) -> App:
    return town.register(post_logout_redirect_uris=[AFTER, AFTER + "?tenant=1"])


def logout(browser: Browser, **parameters: str | None) -> TestResponse:
    return browser.get("/logout?" + urlencode({k: v for k, v in parameters.items() if v is not None}))


def confirm(browser: Browser, page: TestResponse) -> TestResponse:
    return browser.post("/logout/confirm", hidden_fields(page.text))


def signed_in(browser: Browser, app: App) -> bool:
    return callback(browser.authorize(app, prompt="none")).get("error") != "login_required"


def test_with_hint_address_and_state(town: Town, browser: Browser, app: App) -> None:
    hint = browser.tokens(app)["id_token"]
    answer = logout(browser, id_token_hint=hint, post_logout_redirect_uri=AFTER, state="s t&x")
    assert answer.status_code == 303
    assert answer.location.startswith(AFTER + "?")
    assert dict(parse_qsl(urlsplit(answer.location).query)) == {"state": "s t&x"}
    assert not signed_in(browser, app)
    assert browser.cookie("machi_session") in (None, "")


NATIVE = ["jp.example.app:/bye", "http://127.0.0.1/bye", "http://[::1]:1234/bye"]


@pytest.mark.parametrize(
    ("asked", "leads"),
    [
        ("jp.example.app:/bye", True),
        ("http://127.0.0.1:51004/bye", True),
        ("http://[::1]:51004/bye", True),
        ("http://127.0.0.1:51004/other", False),
        ("http://localhost:51004/bye", False),
        ("http://127.0.0.1:51004@evil.example/bye", False),
        ("https://127.0.0.1/bye", False),
        ("jp.example.app:/bye/", False),
        ("jp.example.other:/bye", False),
    ],
)
def test_a_native_app_gets_its_residents_back(town: Town, browser: Browser, asked: str, leads: bool) -> None:
    """RFC 8252 §7: a scheme of its own, or the loopback interface at whatever port the system gave it."""
    native = {
        "application_type": "native",
        "redirect_uris": ["http://127.0.0.1/cb"],
        "token_endpoint_auth_method": "none",
    }
    app = town.register(**native, post_logout_redirect_uris=NATIVE)
    hint = browser.tokens(app)["id_token"]
    answer = logout(browser, id_token_hint=hint, post_logout_redirect_uri=asked, state="s")
    assert (answer.location == f"{asked}?state=s") is leads
    assert not signed_in(browser, app)


def test_the_port_of_a_web_app_is_its_address(town: Town, browser: Browser) -> None:
    app = town.register(post_logout_redirect_uris=["http://127.0.0.1:8009/bye"])
    hint = browser.tokens(app)["id_token"]
    assert logout(browser, id_token_hint=hint, post_logout_redirect_uri="http://127.0.0.1:8010/bye").location is None


def test_without_state(browser: Browser, app: App) -> None:
    hint = browser.tokens(app)["id_token"]
    assert logout(browser, id_token_hint=hint, post_logout_redirect_uri=AFTER).location == AFTER


def test_an_address_with_a_query_keeps_it(browser: Browser, app: App) -> None:
    hint = browser.tokens(app)["id_token"]
    answer = logout(browser, id_token_hint=hint, post_logout_redirect_uri=AFTER + "?tenant=1", state="s")
    assert answer.location == AFTER + "?tenant=1&state=s"


def test_with_an_expired_hint(browser: Browser, app: App) -> None:
    with clock.travelled(timedelta(minutes=-30)):
        hint = browser.tokens(app)["id_token"]
    assert logout(browser, id_token_hint=hint, post_logout_redirect_uri=AFTER).location == AFTER


def test_by_post(browser: Browser, app: App) -> None:
    hint = browser.tokens(app)["id_token"]
    first = browser.client.post(
        "/logout", data={"id_token_hint": hint, "post_logout_redirect_uri": AFTER, "state": "s"}
    )
    assert first.status_code == 303
    assert browser.get(first.location).location == AFTER + "?state=s"


def test_a_posted_request_leaves_nothing_of_the_id_token_in_an_address(town: Town, browser: Browser, app: App) -> None:
    """Proxies log addresses: the ID token holds who somebody is."""
    hint = browser.tokens(app, claims='{"id_token": {"name": null, "birthdate": null}}')["id_token"]
    sub = app.id_token(hint)["sub"]
    for form in ({"id_token_hint": hint, "state": "s"}, {"id_token_hint": hint, "client_id": app.client_id}):
        first = browser.client.post("/logout", data={**form, "post_logout_redirect_uri": AFTER})
        for part in (*hint.split("."), "id_token_hint", sub, "after.example"):
            assert part not in first.location
        assert len(first.location) < 600


def test_the_question_page_keeps_no_id_token_either(town: Town, browser: Browser, app: App) -> None:
    hint = browser.tokens(app)["id_token"]
    other = town.signed_in("taro")
    page = other.get(other.client.post("/logout", data={"id_token_hint": hint}).location)
    assert "Sign out of everything?" in page.text
    assert hint not in page.text
    assert 'data-testid="signed-out"' in confirm(other, page).text


def test_a_reference_is_good_for_ten_minutes_and_only_as_it_was_made(browser: Browser, app: App) -> None:
    hint = browser.tokens(app)["id_token"]
    form = {"id_token_hint": hint, "post_logout_redirect_uri": AFTER}
    address = browser.client.post("/logout", data=form).location
    for changed in (
        address[:-6] + "AAAAAA",
        address + "A",
        address[:40],
        "/logout?request=%E3%81%82",
        "/logout?request=x",
    ):
        assert "Sign out of everything?" in browser.get(changed).text
    with clock.travelled(timedelta(minutes=11)):
        assert "Sign out of everything?" in browser.get(address).text
    assert browser.get(address).location == AFTER


@pytest.mark.parametrize(
    "uri",
    ["https://evil.example/", AFTER + "/", AFTER + "?added=1", AFTER + "?tenant=1&added=1", AFTER.upper(), AFTER + "#x",
     "https://after.example", "javascript:alert(1)", "https://[", "//after.example/bye"],
)  # fmt: skip
def test_an_address_that_was_not_registered(browser: Browser, app: App, uri: str) -> None:
    """OIDF modules bad-post-logout-redirect-uri and query-added: signed out, and a page of ours."""
    hint = browser.tokens(app)["id_token"]
    answer = logout(browser, id_token_hint=hint, post_logout_redirect_uri=uri)
    assert answer.status_code == 200
    assert 'data-testid="signed-out"' in answer.text
    assert f'href="{uri}' not in answer.text
    assert not signed_in(browser, app)


def tampered(hint: str) -> list[str]:
    header, payload, signature = hint.split(".")
    claims = jwt.decode(hint, options={"verify_signature": False})
    mine = ec.generate_private_key(ec.SECP256R1())
    kid = jwt.get_unverified_header(hint)["kid"]
    return [
        jwt.encode(claims, "", "none"),
        f"{header}.{payload}.",
        f"{header}.{payload}",
        f"{header}.{payload}.{signature[:-4]}AAAA",
        jwt.encode(claims, mine, "ES256", headers={"kid": kid}),
        jwt.encode(claims, mine, "ES256"),
        "nonsense",
    ]


def test_a_hint_that_is_not_ours_proves_nothing(browser: Browser, app: App) -> None:
    for hint in tampered(browser.tokens(app)["id_token"]):
        answer = logout(browser, id_token_hint=hint, post_logout_redirect_uri=AFTER)
        assert answer.status_code == 200
        assert "Sign out of everything?" in answer.text
        assert signed_in(browser, app)
        assert 'data-testid="signed-out"' in confirm(browser, answer).text
        browser.sign_in(browser.town.resident())


def test_an_access_token_is_no_hint(browser: Browser, app: App) -> None:
    token = browser.tokens(app)["access_token"]
    assert "Sign out of everything?" in logout(browser, id_token_hint=token).text


def test_an_address_without_hint_asks_first(browser: Browser, app: App) -> None:
    browser.sign_on(app)
    page = logout(browser, client_id=app.client_id, post_logout_redirect_uri=AFTER, state="s")
    assert page.status_code == 200
    assert app.metadata["client_name"] in page.text
    assert signed_in(browser, app)
    done = confirm(browser, page)
    assert done.location == AFTER + "?state=s"
    assert not signed_in(browser, app)


@pytest.mark.parametrize(
    "parameters", [{}, {"state": "x"}, {"post_logout_redirect_uri": AFTER}, {"client_id": "unknown"}]
)
def test_without_proof_the_resident_is_asked(browser: Browser, app: App, parameters: dict[str, str]) -> None:
    browser.sign_on(app)
    page = logout(browser, **parameters)
    assert page.status_code == 200
    done = confirm(browser, page)
    assert done.status_code == 200
    assert 'data-testid="signed-out"' in done.text
    assert app.metadata["client_name"] in done.text  # which apps were signed out too
    assert not signed_in(browser, app)


def test_the_confirmation_needs_the_csrf_token(browser: Browser, app: App) -> None:
    logout(browser)
    assert browser.client.post("/logout/confirm").status_code == 400
    assert browser.client.post("/signout").status_code == 400
    assert signed_in(browser, app)


def test_a_hint_of_another_login_asks_first(town: Town, browser: Browser, app: App) -> None:
    """An old hint, or somebody else's, must not end this login."""
    hint = browser.tokens(app)["id_token"]
    other = town.signed_in("taro")
    other.sign_on(app)
    page = logout(other, id_token_hint=hint, post_logout_redirect_uri=AFTER)
    assert page.status_code == 200
    assert signed_in(other, app)
    later = town.browser()
    later.sign_in(town.resident("hanako"))
    assert logout(later, id_token_hint=hint).status_code == 200
    assert signed_in(later, app)


def test_a_hint_of_another_app_does_not_lead_there(town: Town, browser: Browser, app: App) -> None:
    hint = browser.tokens(town.register())["id_token"]
    answer = logout(browser, id_token_hint=hint, client_id=app.client_id, post_logout_redirect_uri=AFTER)
    assert answer.status_code == 200
    assert logout(browser, id_token_hint=hint, post_logout_redirect_uri=AFTER).status_code == 200


def test_when_nobody_is_signed_in(town: Town, browser: Browser, app: App) -> None:
    hint = browser.tokens(app)["id_token"]
    browser.post("/signout")
    assert logout(browser, id_token_hint=hint, post_logout_redirect_uri=AFTER).location == AFTER
    assert logout(town.browser(), id_token_hint=hint, post_logout_redirect_uri=AFTER).location == AFTER
    for parameters in (
        {},
        {"post_logout_redirect_uri": AFTER},
        {"client_id": app.client_id, "post_logout_redirect_uri": AFTER},
    ):
        answer = logout(town.browser(), **parameters)
        assert answer.status_code == 200
        assert 'data-testid="signed-out"' in answer.text


def test_parameters_twice_or_without_end(browser: Browser, app: App) -> None:
    browser.sign_on(app)
    for query in ("state=a&state=b", "state=" + "x" * 5000, "&".join(f"p{n}=1" for n in range(100)), "state=%FF"):
        answer = browser.get("/logout?" + query)
        assert answer.status_code == 200
        assert signed_in(browser, app)


def test_by_post_a_parameter_twice_proves_nothing(browser: Browser, app: App) -> None:
    """Not the first of them: who reads the other one, as a filter before us may, must not see another request (RFC 6749 §3.1)."""
    hint = browser.tokens(app)["id_token"]
    form = {"id_token_hint": [hint], "post_logout_redirect_uri": [AFTER, "https://else.example/"]}
    sent = browser.client.post("/logout", data=form, base_url=browser.town.settings.origin)
    assert sent.status_code == 303
    answer = browser.get(sent.location)
    assert answer.status_code == 200
    assert "signout-confirm" in answer.text
    assert signed_in(browser, app)


def test_the_apps_grants_end_with_the_login(browser: Browser, app: App) -> None:
    body = browser.tokens(app)
    logout(browser, id_token_hint=body["id_token"])
    assert app.userinfo(body["access_token"]).status_code == 401
    assert app.refresh(body["refresh_token"]).json["error"] == "invalid_grant"


def test_only_this_browsers_login_ends(town: Town, browser: Browser, app: App) -> None:
    other = town.browser()
    other.sign_in(town.resident())
    other.sign_on(app)
    hint = browser.tokens(app)["id_token"]
    logout(browser, id_token_hint=hint)
    assert signed_in(other, app)
    assert town.count(LoginSession, LoginSession.ended_at.is_(None)) == 1


def test_the_page_is_in_the_apps_language(browser: Browser, app: App) -> None:
    hint = browser.tokens(app)["id_token"]
    assert '<html lang="ja"' in logout(browser, id_token_hint=hint, ui_locales="ja").text
