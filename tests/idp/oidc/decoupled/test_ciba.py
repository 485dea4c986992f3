"""CIBA: whom an app may ask, what the resident sees and must reach, and what happens to the answer. See also tests/conformance."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from idp.foundation import clock
from idp.foundation.clock import epoch_ms
from idp.logins.levels import Factor
from idp.oidc.client_metadata.metadata import MetadataError
from idp.oidc.decoupled.model import BackchannelRequest
from idp.oidc.grants.model import Grant
from idp.oidc.policy.policy import PolicyError, set_policy
from idp.oidc.registration.register_client import CityOptions
from idp.residents.model import Resident
from tests.support.browser import Browser
from tests.support.ciba import CIBA, Desk, answer
from tests.support.people import LOCAL_NUMBERS
from tests.support.town import Town


@pytest.fixture
def hanako(town: Town) -> str:
    return town.resident("hanako")


@pytest.fixture
def phone(town: Town, hanako: str) -> Browser:
    browser = town.browser()
    browser.sign_in(hanako)
    return browser


def unified_id(town: Town, resident_id: str) -> str:
    [row] = town.rows(Resident, Resident.resident_id == resident_id)
    return str(row.unified_id)


def test_the_whole_way(any_town: Town) -> None:
    resident = any_town.resident()
    browser = any_town.browser()
    browser.sign_in(resident)
    desk = Desk(any_town)
    asked = desk.ask(login_hint=desk.know(resident), binding_message="W4SCT")
    assert asked.status_code == 200, asked.text
    assert asked.headers["Cache-Control"] == "no-store"
    assert desk.fetch(asked.json["auth_req_id"]).json["error"] == "authorization_pending"
    page = browser.get("/approve").text
    assert "W4SCT" in page
    assert "福祉課の窓口" in page
    assert "見本 花子" in page
    assert answer(browser).location.endswith("/approve?answered=allow")
    with clock.travelled(timedelta(seconds=5)):
        tokens = desk.fetch(asked.json["auth_req_id"])
    assert tokens.status_code == 200, tokens.text
    claims = desk.app.id_token(tokens.json["id_token"], verify_iat=False)
    assert claims["sub"] == desk.know(resident)
    assert claims["acr"] == "urn:machi:acr:ial3-aal2"
    assert desk.app.userinfo(tokens.json["access_token"]).json["name"] == "見本 花子"
    assert any_town.count(Grant) == 1


def test_only_the_resident_asked_sees_and_answers(town: Town, hanako: str, phone: Browser) -> None:
    desk = Desk(town)
    asked = desk.ask(login_hint=desk.know(hanako))
    other = town.signed_in("taro")
    assert "approve-question" not in other.get("/approve").text
    [row] = town.rows(BackchannelRequest)
    assert other.post(f"/approve/{row.request_id}", {"decision": "allow"}).status_code == 410
    assert desk.fetch(asked.json["auth_req_id"]).json["error"] == "authorization_pending"
    assert town.browser().get("/approve").location == "/signin?next=/approve"
    assert phone.post(f"/approve/{row.request_id}", {"decision": "maybe"}).status_code == 303
    assert phone.post(f"/approve/{row.request_id}", {"decision": "allow", "csrf_token": "x"}).status_code == 400


def test_an_answer_is_given_once(town: Town, hanako: str, phone: Browser) -> None:
    desk = Desk(town)
    desk.ask(login_hint=desk.know(hanako))
    [row] = town.rows(BackchannelRequest)
    assert phone.post(f"/approve/{row.request_id}", {"decision": "deny"}).status_code == 303
    assert phone.post(f"/approve/{row.request_id}", {"decision": "allow"}).status_code == 410
    [row] = town.rows(BackchannelRequest)
    assert row.state == "denied"


def test_a_level_asked_for_must_be_reached(town: Town, hanako: str) -> None:
    """Keycloak's lesson for acr: what was not done is not said, and not enough does not pass."""
    desk, browser = Desk(town), town.browser()
    browser.sign_in(hanako, Factor("code", epoch_ms()))
    asked = desk.ask(login_hint=desk.know(hanako), acr_values="urn:machi:acr:ial2-aal2 unknown")
    assert 'data-testid="approve-stronger"' in browser.get("/approve").text
    assert answer(browser).location.startswith("/signin/")
    assert desk.fetch(asked.json["auth_req_id"]).json["error"] == "authorization_pending"
    browser.sign_in(hanako)  # a passkey now
    assert answer(browser).location.endswith("answered=allow")
    with clock.travelled(timedelta(seconds=6)):
        tokens = desk.fetch(asked.json["auth_req_id"]).json
    assert desk.app.id_token(tokens["id_token"], verify_iat=False)["acr"] == "urn:machi:acr:ial3-aal2"


def test_the_unified_id_only_with_the_citys_leave(town: Town, hanako: str) -> None:
    desk = Desk(town)
    hint = unified_id(town, hanako)
    assert desk.ask(login_hint=hint).json["error"] == "unknown_user_id"
    with town.writing() as session:
        set_policy(session, desk.app.client_id, {"unified_id_hints": True}, "test")
    assert desk.ask(login_hint=hint).status_code == 200
    assert desk.ask(login_hint=f"{hint[:4]}-{hint[4:8]}-{hint[8:]}".lower()).status_code == 200
    assert desk.ask(login_hint=hint[:-1] + ("0" if hint[-1] != "0" else "1")).json["error"] == "unknown_user_id"
    assert len(town.events("client_policy_set")) == 1


def test_another_departments_sub_is_nobody(town: Town, hanako: str) -> None:
    desk, other = Desk(town), Desk(town)
    for hint in (other.know(hanako), "0000010011", "見本 花子", "a" * 32):
        assert desk.ask(login_hint=hint).json["error"] == "unknown_user_id"


def test_an_id_token_as_hint(town: Town, hanako: str, phone: Browser) -> None:
    app = town.register()
    token = phone.tokens(app)["id_token"]
    desk = Desk(town, redirect_uris=app.metadata["redirect_uris"], response_types=["code"],
                grant_types=["authorization_code", CIBA])  # fmt: skip
    assert desk.ask(id_token_hint=token).json["error"] == "unknown_user_id"  # made for another client of the sector
    sign_on = phone.authorize(desk.app)
    code = phone.post(sign_on.location, {"decision": "allow"}).location.split("code=")[1].split("&")[0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": desk.app.redirect_uri,
            "code_verifier": "v" * 50}  # fmt: skip
    own = desk.post("/token", form | desk.authentication()).json["id_token"]
    assert desk.ask(id_token_hint=own).status_code == 200
    assert desk.ask(id_token_hint=own[:-4] + "AAAA").json["error"] == "invalid_request"


def hint_claims(desk: Desk, **changes: Any) -> dict[str, Any]:
    now = int(time.time())
    number = {"format": "local_number", "number": LOCAL_NUMBERS["hanako"]}
    return {"iss": desk.app.client_id, "aud": desk.town.issuer, "iat": now, "exp": now + 60, "sub_id": number} | changes


def test_a_login_hint_token(town: Town, hanako: str) -> None:
    desk = Desk(town, options=CityOptions(may_use_local_numbers=True))
    assert desk.ask(login_hint_token=desk.jwt(hint_claims(desk))).status_code == 200
    own = {"format": "iss_sub", "iss": town.issuer, "sub": desk.know(hanako)}
    assert desk.ask(login_hint_token=desk.jwt(hint_claims(desk, sub_id=own))).status_code == 200
    expired = desk.jwt(hint_claims(desk, exp=int(time.time()) - 60, iat=int(time.time()) - 120))
    assert desk.ask(login_hint_token=expired).json["error"] == "expired_login_hint_token"
    foreign = {"format": "iss_sub", "iss": "https://elsewhere.example", "sub": desk.know(hanako)}
    for bad, error in (
        (hint_claims(desk, sub_id=foreign), "unknown_user_id"),
        (hint_claims(desk, sub_id="x"), "invalid_request"),
        (hint_claims(desk, aud="https://elsewhere.example"), "invalid_request"),
        (hint_claims(desk, iss="other"), "invalid_request"),
    ):
        assert desk.ask(login_hint_token=desk.jwt(bad)).json["error"] == error
    assert desk.ask(login_hint_token=Desk(town).jwt(hint_claims(desk))).json["error"] == "invalid_request"


def test_a_local_number_only_with_the_citys_leave(town: Town, hanako: str) -> None:
    desk = Desk(town)
    assert desk.ask(login_hint_token=desk.jwt(hint_claims(desk))).json["error"] == "unknown_user_id"


def test_a_suspended_resident_is_not_asked(town: Town, hanako: str) -> None:
    desk = Desk(town)
    town.change(update(Resident).where(Resident.resident_id == hanako).values(state="suspended"))
    assert desk.ask(login_hint=desk.know(hanako)).json["error"] == "unknown_user_id"


def test_nobody_is_asked_until_they_give_in(town: Town, hanako: str) -> None:
    desk = Desk(town)
    hint = desk.know(hanako)
    for _ in range(10):
        assert desk.ask(login_hint=hint).status_code == 200
    assert desk.ask(login_hint=hint).status_code == 429
    assert desk.ask(login_hint=desk.know(town.resident("taro"))).status_code == 200


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": "profile"}, "invalid_scope"),
        ({"scope": "openid task:write"}, "invalid_scope"),
        ({"binding_message": "x" * 65}, "invalid_binding_message"),
        ({"binding_message": "one\ntwo"}, "invalid_binding_message"),
        ({"binding_message": "a\u202eb"}, "invalid_binding_message"),
        ({"requested_expiry": "0"}, "invalid_request"),
        ({"requested_expiry": "-5"}, "invalid_request"),
        ({"requested_expiry": "soon"}, "invalid_request"),
        ({"acr_values": "urn:elsewhere:gold"}, "invalid_request"),
        ({"login_hint": None}, "invalid_request"),
        ({"resource": "https://elsewhere.example/"}, "invalid_target"),
        ({"authorization_details": "[]"}, "invalid_request"),
    ],
)
def test_bad_requests(shared_town: Town, changes: dict[str, Any], error: str) -> None:
    desk = Desk(shared_town)
    answered = desk.ask(**{"login_hint": "x"} | changes)
    assert (answered.status_code, answered.json["error"]) == (400, error)


def test_a_short_wish_is_granted_and_a_long_one_cut(town: Town, hanako: str) -> None:
    desk = Desk(town)
    hint = desk.know(hanako)
    assert desk.ask(login_hint=hint, requested_expiry="30").json["expires_in"] == 30
    assert desk.ask(login_hint=hint, requested_expiry="99999").json["expires_in"] == 600


@pytest.mark.parametrize(
    "metadata",
    [
        {"backchannel_token_delivery_mode": None},
        {"backchannel_token_delivery_mode": "push"},
        {"backchannel_token_delivery_mode": "ping"},
        {"token_endpoint_auth_method": "none"},
        {"backchannel_authentication_request_signing_alg": "RS256"},
        {"backchannel_user_code_parameter": True},
        {"backchannel_token_delivery_mode": "ping", "backchannel_client_notification_endpoint": "http://x.example/"},
    ],
)
def test_metadata_that_does_not_go_together(shared_town: Town, metadata: dict[str, Any]) -> None:
    with pytest.raises(MetadataError):
        Desk(shared_town, **metadata)


def test_a_policy_is_checked(town: Town) -> None:
    app = town.register()
    for client_id, given in (
        (app.client_id, {"everything": True}),
        ("nobody", {}),
        (app.client_id, {"unified_id_hints": 7}),
    ):
        with pytest.raises(PolicyError), town.writing() as session:
            set_policy(session, client_id, given, "test")


def test_only_for_clients_registered_for_it(town: Town) -> None:
    app = town.register()
    assert app.post("/backchannel_authentication", {"scope": "openid"}).json["error"] == "unauthorized_client"
    assert app.post("/token", {"grant_type": CIBA, "auth_req_id": "x"}).json["error"] == "unauthorized_client"


# relays: somebody asks in a resident's name, and gets the resident to say yes -----------------------------------------------


def test_without_words_to_compare_the_page_says_so(town: Town, hanako: str, phone: Browser) -> None:
    desk = Desk(town)
    desk.ask(login_hint=desk.know(hanako), binding_message="W4SCT")
    assert 'data-testid="approve-no-message"' not in phone.get("/approve").text
    desk.ask(login_hint=desk.know(hanako))
    assert phone.get("/approve").text.count('data-testid="approve-no-message"') == 1


def test_a_word_given_elsewhere_never_reaches_the_level_that_cannot_be_relayed(town: Town, hanako: str) -> None:
    desk, browser = Desk(town), town.browser()
    browser.sign_in(hanako, Factor("passkey", epoch_ms(), attested=True))
    for wanted in ("urn:machi:acr:ial1-aal3", "urn:machi:acr:ial3-aal3 urn:elsewhere:gold"):
        refused = desk.ask(login_hint=desk.know(hanako), acr_values=wanted)
        assert (refused.status_code, refused.json["error"]) == (400, "invalid_request")
    asked = desk.ask(login_hint=desk.know(hanako), acr_values="urn:machi:acr:ial3-aal3 urn:machi:acr:ial3-aal2")
    assert answer(browser).location.endswith("answered=allow")
    tokens = desk.fetch(asked.json["auth_req_id"]).json
    assert desk.app.id_token(tokens["id_token"])["acr"] == "urn:machi:acr:ial3-aal2"
