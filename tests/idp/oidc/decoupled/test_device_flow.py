"""Device flow (RFC 8628): a device gets a code, the resident types it and agrees, the device gets tokens; and nobody else does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from idp.foundation import clock
from idp.foundation.clock import epoch_ms
from idp.logins.levels import Factor
from idp.oidc.decoupled.device_authorization import parse_user_code
from idp.oidc.grants.model import Grant
from tests.support.apps import App
from tests.support.browser import Browser
from tests.support.html import hidden_fields, text_of
from tests.support.town import Town

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


def terminal(town: Town, **metadata: Any) -> App:
    given = {"grant_types": [DEVICE, "refresh_token"], "token_endpoint_auth_method": "none", "client_name": "窓口端末"}
    return town.register(**given | metadata)


def start(app: App, **changes: str | None) -> dict[str, Any]:
    answer = app.post("/device_authorization", {"scope": "openid profile"} | changes)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    body: dict[str, Any] = answer.json
    return body


def poll(app: App, body: dict[str, Any], **more: Any) -> Any:
    return app.post("/token", {"grant_type": DEVICE, "device_code": body["device_code"]}, **more)


def answer_on_phone(browser: Browser, user_code: str, decision: str = "allow") -> Any:
    asked = browser.post("/device", {"user_code": user_code})
    assert asked.status_code == 200, asked.text
    return browser.post("/device/decide", {"user_code": hidden_fields(asked.text)["user_code"], "decision": decision})


def test_the_whole_way(any_town: Town) -> None:
    app, browser = terminal(any_town), any_town.signed_in()
    begun = start(app)
    assert begun["verification_uri"] == f"{any_town.issuer}/device"
    assert begun["verification_uri_complete"].endswith(f"?user_code={begun['user_code']}")
    assert poll(app, begun).json["error"] == "authorization_pending"
    answer_on_phone(browser, begun["user_code"])
    with clock.travelled(timedelta(seconds=begun["interval"])):
        tokens = poll(app, begun)
    assert tokens.status_code == 200, tokens.text
    claims = app.id_token(tokens.json["id_token"], verify_iat=False)
    assert claims["acr"] == "urn:machi:acr:ial3-aal2"
    assert app.userinfo(tokens.json["access_token"]).json["name"] == "見本 花子"
    assert app.userinfo(tokens.json["access_token"]).json["sub"] == claims["sub"]
    assert app.refresh(tokens.json["refresh_token"]).status_code == 200


def test_the_page_says_who_asks_from_where_and_for_what(town: Town, browser: Browser) -> None:
    app = terminal(town, department="市民課")
    headers = {"User-Agent": "Mozilla/5.0 (Linux; Android 14) Chrome/120 Safari/537"}
    begun = app.post("/device_authorization", {"scope": "openid profile"}, headers=headers).json
    page = browser.post("/device", {"user_code": begun["user_code"].lower().replace("-", " ")}).text
    for words in ("窓口端末", "市民課", "Chrome · Android", "見本 花子", "The same as yours"):
        assert words in page
    assert text_of(page, "device-shown-code") == begun["user_code"]
    assert "device-elsewhere" not in page


def test_another_network_is_said(town: Town, browser: Browser) -> None:
    app = terminal(town)
    begun = app.post("/device_authorization", {"scope": "openid"}, environ_base={"REMOTE_ADDR": "203.0.113.9"}).json
    assert 'data-testid="device-elsewhere"' in browser.post("/device", {"user_code": begun["user_code"]}).text


def test_a_network_that_is_not_known_is_no_network_of_yours(sqlite_url: str) -> None:
    with Town(sqlite_url, trusted_proxies=1) as town:
        app, browser = terminal(town), town.signed_in()
        for address, same in (("unknown", False), ("192.0.2.7:4711", True)):
            headers = {"X-Forwarded-For": address}
            begun = app.post("/device_authorization", {"scope": "openid profile"}, headers=headers).json
            page = browser.post("/device", {"user_code": begun["user_code"]}, headers=headers).text
            assert ("device-elsewhere" not in page) is same, address


def test_a_link_with_the_code_answers_nothing_by_itself(town: Town, browser: Browser) -> None:
    app = terminal(town)
    begun = start(app)
    page = browser.get(begun["verification_uri_complete"].removeprefix(town.issuer))
    assert f'value="{begun["user_code"]}"' in page.text
    assert poll(app, begun).json["error"] == "authorization_pending"


def test_it_needs_a_signed_in_resident(town: Town) -> None:
    """authentik CVE-2024-38371: a device code without anybody's right to it."""
    begun = start(terminal(town))
    answer = town.browser().get(f"/device?user_code={begun['user_code']}")
    assert answer.status_code == 303
    assert answer.location.startswith("/signin?next=/device")
    assert (
        town.browser().post("/device/decide", {"user_code": begun["user_code"], "decision": "allow"}).status_code == 401
    )


def test_without_our_form_nothing_is_answered(town: Town, browser: Browser) -> None:
    app = terminal(town)
    begun = start(app)
    form = {"user_code": begun["user_code"], "decision": "allow", "csrf_token": "wrong"}
    assert browser.post("/device/decide", form).status_code == 400
    assert browser.post("/device/decide", {"user_code": begun["user_code"]}).status_code == 303
    assert poll(app, begun).json["error"] == "authorization_pending"


def test_a_no_is_a_no(town: Town, browser: Browser) -> None:
    app = terminal(town)
    begun = start(app)
    answer_on_phone(browser, begun["user_code"], "deny")
    answer = poll(app, begun)
    assert (answer.status_code, answer.json["error"]) == (400, "access_denied")
    assert browser.post("/device", {"user_code": begun["user_code"]}).status_code == 400
    assert len(town.events("device_refused")) == 1


def test_polling_too_fast_slows_down_for_good(any_town: Town) -> None:
    app, browser = terminal(any_town), any_town.signed_in()
    begun = start(app)
    assert poll(app, begun).json["error"] == "authorization_pending"
    assert poll(app, begun).json["error"] == "slow_down"
    with clock.travelled(timedelta(seconds=6)):  # enough before, not now
        assert poll(app, begun).json["error"] == "slow_down"
    with clock.travelled(timedelta(seconds=30)):
        assert poll(app, begun).json["error"] == "authorization_pending"
    answer_on_phone(browser, begun["user_code"])
    with clock.travelled(timedelta(seconds=60)):
        assert poll(app, begun).status_code == 200


def test_it_expires(town: Town, browser: Browser) -> None:
    app = terminal(town)
    begun = start(app)
    with clock.travelled(timedelta(seconds=begun["expires_in"] + 1)):
        assert poll(app, begun).json["error"] == "expired_token"
        assert browser.post("/device", {"user_code": begun["user_code"]}).status_code == 400


def test_a_yes_that_is_never_fetched_expires_too(town: Town, browser: Browser) -> None:
    app = terminal(town)
    begun = start(app)
    answer_on_phone(browser, begun["user_code"])
    with clock.travelled(timedelta(seconds=begun["expires_in"] + 1)):
        assert poll(app, begun).json["error"] == "expired_token"


def test_it_gives_tokens_once(any_town: Town) -> None:
    app, browser = terminal(any_town), any_town.signed_in()
    begun = start(app)
    answer_on_phone(browser, begun["user_code"])
    assert poll(app, begun).status_code == 200
    assert poll(app, begun).json["error"] == "invalid_grant"
    assert any_town.count(Grant) == 1
    assert browser.post("/device", {"user_code": begun["user_code"]}).status_code == 400  # the code is spent as well


def test_another_client_gets_nothing(town: Town, browser: Browser) -> None:
    app, other = terminal(town), terminal(town)
    begun = start(app)
    answer_on_phone(browser, begun["user_code"])
    assert poll(other, begun).json["error"] == "invalid_grant"
    assert poll(app, begun).status_code == 200


def test_a_confidential_device_must_prove_itself(town: Town, browser: Browser) -> None:
    app = terminal(town, token_endpoint_auth_method="client_secret_basic")
    begun = start(app)
    answer_on_phone(browser, begun["user_code"])
    assert poll(app, begun, auth=(app.client_id, "wrong")).status_code == 401
    assert poll(app, begun, headers={"X": "y"}).status_code == 401
    assert poll(app, begun).status_code == 200


def test_signing_out_before_the_device_fetches_ends_it(town: Town, browser: Browser) -> None:
    from idp.logins.model import LoginSession
    from idp.logins.sessions import end_sessions

    app = terminal(town)
    begun = start(app)
    answer_on_phone(browser, begun["user_code"])
    with town.app.test_request_context(), town.writing() as session:
        end_sessions(session, [row.session_id for row in town.rows(LoginSession)], by="resident")
    assert poll(app, begun).json["error"] == "invalid_grant"


def test_guessing_codes_is_limited_for_the_guesser_only(town: Town, browser: Browser) -> None:
    app = terminal(town)
    begun = start(app)
    for n in range(10):
        assert browser.post("/device", {"user_code": "BBBB-BBB" + "CDFGHJKLMN"[n]}).status_code == 400
    assert browser.post("/device", {"user_code": "BBBB-BBBZ"}).status_code == 429
    assert browser.post("/device/decide", {"user_code": begun["user_code"], "decision": "allow"}).status_code == 429
    assert answer_on_phone(town.signed_in("taro"), begun["user_code"]).status_code == 200


def test_a_guess_at_a_device_code_is_not_known(town: Town) -> None:
    app = terminal(town)
    start(app)
    for code in ("x", "A" * 43, ""):
        assert app.post("/token", {"grant_type": DEVICE, "device_code": code or None}).status_code == 400


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": "profile"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "openid case:write"}, "invalid_scope"),
        ({"resource": "https://elsewhere.example/api"}, "invalid_target"),
        ({"authorization_details": "[]"}, "invalid_request"),
        ({"request": "e30.e30."}, "invalid_request"),
    ],
)
def test_bad_requests(shared_town: Town, changes: dict[str, str | None], error: str) -> None:
    answer = terminal(shared_town).post("/device_authorization", {"scope": "openid"} | changes)
    assert (answer.status_code, answer.json["error"]) == (400, error)


def test_only_for_clients_registered_for_it(town: Town, app: App) -> None:
    answer = app.post("/device_authorization", {"scope": "openid"})
    assert (answer.status_code, answer.json["error"]) == (400, "unauthorized_client")
    answer = app.post("/token", {"grant_type": DEVICE, "device_code": "x"})
    assert (answer.status_code, answer.json["error"]) == (400, "unauthorized_client")
    assert terminal(town).post("/device_authorization", {"scope": "openid", "client_id": "nobody"}).status_code == 401


def test_neither_code_is_stored_readably(town: Town) -> None:
    from idp.oidc.decoupled.model import DeviceAuthorization

    begun = start(terminal(town))
    [row] = town.rows(DeviceAuthorization)
    stored = " ".join(str(getattr(row, c.key)) for c in DeviceAuthorization.__table__.columns)
    assert begun["device_code"] not in stored
    assert begun["user_code"].replace("-", "") not in stored


@pytest.mark.parametrize("typed", ["bcdf ghjk", "BCDF-GHJK", " bcdfghjk ", "ＢＣＤＦＧＨＪＫ"])
def test_a_code_is_read_however_it_is_typed(typed: str) -> None:
    assert parse_user_code(typed) == "BCDFGHJK"


@pytest.mark.parametrize("typed", ["", "BCDFGHJ", "BCDFGHJKL", "ABCDEFGH", "BCDF%GHJK", "12345678"])
def test_what_is_no_code(typed: str) -> None:
    assert parse_user_code(typed) is None


def test_discovery_says_it(town: Town) -> None:
    document = town.app.test_client().get("/.well-known/openid-configuration").json
    assert document["device_authorization_endpoint"] == f"{town.issuer}/device_authorization"
    assert DEVICE in document["grant_types_supported"]


# relays: somebody begins, and gets somebody else to finish ----------------------------------------------------------------


def elsewhere(app: App) -> dict[str, Any]:
    """A device that asks from another network than the resident's."""
    far = {"REMOTE_ADDR": "203.0.113.9"}
    body: dict[str, Any] = app.post("/device_authorization", {"scope": "openid"}, environ_base=far).json
    return body


def test_a_device_elsewhere_needs_a_word_more(town: Town, browser: Browser) -> None:
    """RFC 8628 §5.4: the code of a stranger's device, sent to a resident who presses what the page offers first."""
    app = terminal(town)
    begun = elsewhere(app)
    form = {"user_code": begun["user_code"], "decision": "allow"}
    for told in ({}, {"before_me": ""}, {"before_me": "no"}):
        asked = browser.post("/device/decide", form | told)
        assert asked.status_code == 400
        assert 'data-testid="device-tick-missing"' in asked.text
        assert poll(app, begun).json["error"] in ("authorization_pending", "slow_down")
    assert town.events("device_allowed") == []
    assert 'data-testid="device-done"' in browser.post("/device/decide", form | {"before_me": "yes"}).text
    assert len(town.events("device_allowed")) == 1


def test_a_no_to_a_device_elsewhere_needs_none(town: Town, browser: Browser) -> None:
    app = terminal(town)
    begun = elsewhere(app)
    browser.post("/device/decide", {"user_code": begun["user_code"], "decision": "deny"})
    assert poll(app, begun).json["error"] == "access_denied"


def test_a_device_never_reaches_the_level_that_cannot_be_relayed(town: Town) -> None:
    """Whatever the resident signed in with: the device got it by a code that could have been sent to them."""
    browser, app = town.browser(), terminal(town)
    browser.sign_in(town.resident(), Factor("passkey", epoch_ms(), attested=True))
    here = town.register()
    assert here.id_token(browser.tokens(here)["id_token"])["acr"] == "urn:machi:acr:ial3-aal3"
    begun = start(app)
    answer_on_phone(browser, begun["user_code"])
    tokens = poll(app, begun).json
    assert app.id_token(tokens["id_token"])["acr"] == "urn:machi:acr:ial3-aal2"
    renewed = app.refresh(tokens["refresh_token"]).json
    assert app.id_token(renewed["id_token"])["acr"] == "urn:machi:acr:ial3-aal2"
