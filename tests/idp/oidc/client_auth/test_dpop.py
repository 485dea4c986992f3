"""DPoP (RFC 9449) in process: binding of codes, refresh tokens and tokens; server nonces; what a thief of any of them can do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from idp.foundation import clock
from idp.oidc.client_auth.dpop import NONCE_SECONDS, current_nonce, nonce_stands, normalised
from idp.oidc.client_auth.jwt_rules import DPOP_PAST as PAST
from idp.oidc.client_auth.model import UsedProof
from idp.oidc.grants.model import Grant
from tests.support.apps import VERIFIER, App
from tests.support.browser import Browser
from tests.support.fapi import DpopKey
from tests.support.town import Town

KEY = DpopKey()


def public(town: Town, **metadata: object) -> App:
    """A phone or browser app: no secret, so its refresh tokens hang on its key."""
    return town.register(token_endpoint_auth_method="none", application_type="web", **metadata)


def post(app: App, form: dict[str, str | None], key: DpopKey | None = KEY, nonce: str | None = None) -> TestResponse:
    headers = {}
    if key is not None:
        headers["DPoP"] = key.proof("POST", f"{app.town.issuer}/token", nonce=nonce)
    if app.secret is not None:
        return app.post("/token", form, headers=headers, auth=(app.client_id, app.secret))
    return app.post("/token", form, headers=headers)


def redeem(app: App, code: str, key: DpopKey | None = KEY, nonce: str | None = None) -> TestResponse:
    form: dict[str, str | None] = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": app.redirect_uri,
        "code_verifier": VERIFIER,
    }
    return post(app, form, key, nonce)


def refresh(app: App, token: str, key: DpopKey | None = KEY) -> TestResponse:
    return post(app, {"grant_type": "refresh_token", "refresh_token": token}, key)


def userinfo(app: App, token: str, key: DpopKey | None = KEY, scheme: str = "DPoP") -> TestResponse:
    headers = {"Authorization": f"{scheme} {token}"}
    if key is not None:
        headers["DPoP"] = key.proof("GET", f"{app.town.issuer}/userinfo", token)
    return app.town.app.test_client().get("/userinfo", headers=headers)


def test_without_a_proof_tokens_stay_bearer(town: Town) -> None:
    app = public(town)
    body = redeem(app, town.signed_in().code(app), None).json
    assert body["token_type"] == "Bearer"
    assert userinfo(app, body["access_token"], None, "Bearer").status_code == 200
    assert userinfo(app, body["access_token"]).status_code == 401  # and DPoP does not fit them


def test_a_public_client_s_refresh_token_is_bound_to_its_key(any_town: Town) -> None:
    """Without the key it gives nothing, and its theft ends nothing either."""
    town = any_town
    app = public(town)
    body = redeem(app, town.signed_in().code(app)).json
    assert body["token_type"] == "DPoP"
    token = body["refresh_token"]
    for key in (None, DpopKey()):
        assert refresh(app, token, key).json["error"] == "invalid_grant"
    assert town.count(Grant, Grant.refresh_used_at.is_not(None)) == 0
    successor = refresh(app, token).json["refresh_token"]
    for key in (None, DpopKey()):
        assert refresh(app, token, key).json["error"] == "invalid_grant"  # nor by the grace of a lost answer
    assert refresh(app, token).json["refresh_token"] == successor
    assert refresh(app, successor).status_code == 200


def test_a_confidential_client_may_change_its_key(town: Town) -> None:
    """RFC 9449 §5: its refresh tokens hang on its authentication."""
    app = town.register(dpop_bound_access_tokens=True)
    body = redeem(app, town.signed_in().code(app)).json
    key = DpopKey()
    again = refresh(app, body["refresh_token"], key)
    assert again.status_code == 200
    assert userinfo(app, again.json["access_token"], key).status_code == 200
    assert userinfo(app, again.json["access_token"]).status_code == 401


def test_a_code_bound_by_dpop_jkt(any_town: Town) -> None:
    """RFC 9449 §10: a stolen code with a stolen verifier, but another key."""
    app = public(any_town)
    code = any_town.signed_in().code(app, dpop_jkt=KEY.jkt)
    for key in (None, DpopKey()):
        assert redeem(app, code, key).json["error"] == "invalid_grant"
    assert redeem(app, code).status_code == 200


@pytest.mark.parametrize("jkt", ["x", "a" * 44, "ä" * 43, "a" * 42 + "="])
def test_a_malformed_dpop_jkt(town: Town, jkt: str) -> None:
    app = public(town)
    assert town.signed_in().sign_on(app, dpop_jkt=jkt)["error"] == "invalid_request"


def test_dpop_bound_access_tokens_asks_for_a_proof_before_the_code_is_used(town: Town) -> None:
    app = public(town, dpop_bound_access_tokens=True)
    code = town.signed_in().code(app)
    assert redeem(app, code, None).json["error"] == "invalid_request"
    assert redeem(app, code).status_code == 200


def test_no_unbound_token_by_the_front_channel(sqlite_url: str) -> None:
    with Town(sqlite_url, hybrid_flows=True) as town:
        app = town.register(
            response_types=["code", "code token"],
            grant_types=["authorization_code", "implicit"],
            dpop_bound_access_tokens=True,
        )
        response = town.signed_in().sign_on(app, response_type="code token")
        assert response["error"] == "unauthorized_client"
        assert "access_token" not in response


def test_introspection_shows_the_key(town: Town) -> None:
    app = town.register()
    token = redeem(app, town.signed_in().code(app)).json["access_token"]
    shown = app.introspect(token)
    assert (shown["token_type"], shown["cnf"]) == ("DPoP", {"jkt": KEY.jkt})


def test_the_events_api_holds_tokens_to_their_key(town: Town) -> None:
    app = town.register(grant_types=["client_credentials"], scope="case:write")
    form: dict[str, str | None] = {"grant_type": "client_credentials", "scope": "case:write"}
    body = post(app, form).json
    assert body["token_type"] == "DPoP"
    client, url = town.app.test_client(), f"{town.issuer}/api/v1/events"

    def send(scheme: str, proof: str | None) -> TestResponse:
        headers = {"Authorization": f"{scheme} {body['access_token']}", "Content-Type": "application/cloudevents+json"}
        return client.post("/api/v1/events", data=b"{}", headers=headers | ({"DPoP": proof} if proof else {}))

    for scheme, proof in (
        ("Bearer", None),
        ("Bearer", KEY.proof("POST", url, body["access_token"])),
        ("DPoP", None),
        ("DPoP", KEY.proof("GET", url, body["access_token"])),
        ("DPoP", DpopKey().proof("POST", url, body["access_token"])),
    ):
        answer = send(scheme, proof)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("DPoP ")
    assert send("DPoP", KEY.proof("POST", url, body["access_token"])).status_code == 422  # in, and the event is bad


def test_a_proof_is_remembered_beyond_its_life_and_no_longer(town: Town) -> None:
    app = public(town)
    redeem(app, town.signed_in().code(app))
    row = town.rows(UsedProof)[0]
    assert row.expires_at >= clock.now() + timedelta(seconds=PAST)
    from idp.oidc.client_auth.cleanup import forget_used

    with clock.travelled(timedelta(seconds=PAST * 2)), town.writing() as session:
        forget_used(session)
    assert town.count(UsedProof) == 0


def test_another_site_may_send_proofs(town: Town) -> None:
    answer = town.app.test_client().options("/token", headers={"Origin": "https://app.example"})
    assert "DPoP" in answer.headers["Access-Control-Allow-Headers"]
    assert "DPoP-Nonce" in answer.headers["Access-Control-Expose-Headers"]


# nonces --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def strict(sqlite_url: str) -> Iterator[Town]:
    with Town(sqlite_url, dpop_nonce_required=True) as town:
        yield town


def test_a_nonce_is_asked_for_and_taken(strict: Town) -> None:
    """RFC 9449 §8: refused with the nonce to use; nothing is used up by the refusal."""
    app = public(strict)
    browser: Browser = strict.signed_in()
    code = browser.code(app)
    first = redeem(app, code)
    assert (first.status_code, first.json["error"]) == (400, "use_dpop_nonce")
    nonce = first.headers["DPoP-Nonce"]
    body = redeem(app, code, nonce=nonce)
    assert body.status_code == 200
    token = body.json["access_token"]

    answer = userinfo(app, token)
    assert answer.status_code == 401
    assert 'error="use_dpop_nonce"' in answer.headers["WWW-Authenticate"]
    proof = KEY.proof("GET", f"{strict.issuer}/userinfo", token, nonce=answer.headers["DPoP-Nonce"])
    headers = {"Authorization": f"DPoP {token}", "DPoP": proof}
    assert strict.app.test_client().get("/userinfo", headers=headers).status_code == 200


@pytest.mark.parametrize("nonce", ["", "x", "AAAA" * 11])
def test_a_made_up_nonce(strict: Town, nonce: str) -> None:
    assert redeem(public(strict), "x", nonce=nonce).json["error"] == "use_dpop_nonce"


def test_nonces_rotate(town: Town) -> None:
    vault = town.parts.vault
    nonce = current_nonce(vault)
    with clock.travelled(timedelta(seconds=NONCE_SECONDS)):
        assert current_nonce(vault) != nonce
        assert nonce_stands(vault, nonce)
    with clock.travelled(timedelta(seconds=2 * NONCE_SECONDS)):
        assert not nonce_stands(vault, nonce)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("HTTPS://ID.Example:443/token?a=b#c", "https://id.example/token"),
        ("http://id.example:80", "http://id.example/"),
        ("https://id.example:8443/token", "https://id.example:8443/token"),
        ("https://user@id.example/token", ""),
        ("https://[::1/token", ""),
        ("https://id.example:x/token", ""),
        ("/token", ""),
        ("ftp://id.example/token", ""),
    ],
)
def test_addresses_are_compared_normalised(given: str, expected: str) -> None:
    assert normalised(given) == expected


def test_a_proof_for_head_is_for_head(town: Town) -> None:
    """HEAD is answered as GET without the body, but the client signed what it asked (RFC 9449 §4.2)."""
    app = public(town)
    token = redeem(app, town.signed_in().code(app)).json["access_token"]

    def ask(method: str, signed: str) -> int:
        proof = KEY.proof(signed, f"{town.issuer}/userinfo", token=token)
        headers = {"Authorization": f"DPoP {token}", "DPoP": proof}
        return town.app.test_client().open("/userinfo", method=method, headers=headers).status_code

    assert ask("GET", "GET") == ask("HEAD", "HEAD") == 200
    assert ask("HEAD", "GET") == ask("GET", "HEAD") == 401
