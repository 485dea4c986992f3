"""UserInfo (OIDC Core §5.3): only what was consented, only for a live grant, read live from the register."""

from __future__ import annotations

import base64
import json
import uuid
from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from idp.foundation import clock
from tests.support.apps import App
from tests.support.browser import Browser
from tests.support.people import HEADER
from tests.support.town import Town


def ask(town: Town, authorization: str | None) -> TestResponse:
    headers = {"Authorization": authorization} if authorization is not None else {}
    return town.app.test_client().get("/userinfo", headers=headers)


@pytest.mark.parametrize(
    ("scope", "claims"),
    [
        ("openid", set()),
        ("openid profile", {"name", "family_name", "given_name", "name#ja-Kana-JP", "birthdate", "gender"}),
        ("openid email", {"email", "email_verified"}),
        ("openid address", {"address"}),
        ("openid phone", set()),
    ],
)
def test_each_scope_gives_its_claims(shared_town: Town, shared_browser: Browser, scope: str, claims: set[str]) -> None:
    app = shared_town.register()
    info = app.userinfo(shared_browser.tokens(app, scope=scope)["access_token"]).json
    assert set(info) == {"sub"} | claims


def test_the_values(shared_town: Town, shared_browser: Browser) -> None:
    """Zitadel CVE-2026-27946: nothing is called verified on its owner's word."""
    app = shared_town.register()
    answer = app.userinfo(shared_browser.tokens(app, scope="openid profile email address")["access_token"])
    assert answer.headers["Cache-Control"] == "no-store"
    info = answer.json
    assert info.pop("sub")
    assert info == {
        "name": "見本 花子",
        "family_name": "見本",
        "given_name": "花子",
        "name#ja-Kana-JP": "ミホン ハナコ",
        "birthdate": "1989-04-12",
        "gender": "female",
        "email": "hanako@mihon.example",
        "email_verified": False,  # the register's word is no proof of ours (Zitadel CVE-2026-27946)
        "address": {"formatted": "見本県みほん市中央一丁目2番3号", "country": "JP"},
    }


def test_a_single_claim_by_parameter(shared_town: Town, shared_browser: Browser) -> None:
    app = shared_town.register()
    wanted = json.dumps({"userinfo": {"address": {"essential": True}, "nothing": None}})
    info = app.userinfo(shared_browser.tokens(app, scope="openid", claims=wanted)["access_token"]).json
    assert set(info) == {"sub", "address"}


def test_what_the_register_says_now(town: Town, browser: Browser, app: App) -> None:
    from idp.residents.import_register import import_register

    token = browser.tokens(app, scope="openid address")["access_token"]
    moved = "0000010011,見本 花子,ミホン ハナコ,1989-04-12,2,見本県みほん市北町三丁目1番1号,,"
    import_register(town.parts.database, town.parts.vault, [HEADER, moved])
    assert app.userinfo(token).json["address"]["formatted"] == "見本県みほん市北町三丁目1番1号"


def test_the_token_may_come_by_post(shared_town: Town, shared_browser: Browser, shared_app: App) -> None:
    token = shared_browser.tokens(shared_app)["access_token"]
    client = shared_town.app.test_client()
    assert client.post("/userinfo", data={"access_token": token}).json["sub"]
    assert client.post("/userinfo", headers={"Authorization": f"bearer {token}"}).json["sub"]
    assert client.get("/userinfo", query_string={"access_token": token}).status_code == 401  # RFC 9700 §4.3.2
    both = client.post("/userinfo", data={"access_token": token}, headers={"Authorization": f"Bearer {token}"})
    assert (both.status_code, both.json["error"]) == (400, "invalid_request")


def test_without_a_token_only_the_scheme_is_named(shared_town: Town) -> None:
    """RFC 6750 §3.1: no error code when no token was sent."""
    answer = ask(shared_town, None)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="machi", DPoP realm="machi", algs="')


def flip(token: str, part: int) -> str:
    parts = token.split(".")
    parts[part] = parts[part][:-2] + ("AA" if parts[part][-2:] != "AA" else "BB")
    return ".".join(parts)


def unsigned(token: str, alg: str) -> str:
    header = base64.urlsafe_b64encode(json.dumps({"alg": alg, "typ": "at+jwt"}).encode()).decode().rstrip("=")
    return header + "." + token.split(".")[1] + "."


@pytest.mark.parametrize(
    "make",
    [
        lambda t: "",
        lambda t: "nonsense",
        lambda t: "a.b.c",
        lambda t: "...",
        lambda t: t + "x",
        lambda t: t + "=",
        lambda t: t[:-1],
        lambda t: flip(t, 0),
        lambda t: flip(t, 1),
        lambda t: flip(t, 2),
        lambda t: unsigned(t, "none"),
        lambda t: unsigned(t, "HS256"),
        lambda t: t.replace("-", "+").replace("_", "/") + "+",
        lambda t: "\u00e9" * 20,
        lambda t: base64.urlsafe_b64encode(b"[" * 5000).decode().rstrip("=") + ".e30.e30",
        lambda t: "x" * 20000,
        lambda t: t.split(".")[0] + "." + base64.urlsafe_b64encode(b"[]").decode().rstrip("=") + ".x",
    ],
)
def test_a_token_that_is_none(shared_town: Town, shared_browser: Browser, shared_app: App, make: object) -> None:
    """Keycloak CVE-2026-9803: a malformed Bearer token gave a 500."""
    token = shared_browser.tokens(shared_app)["access_token"]
    answer = ask(shared_town, f"Bearer {make(token)}")  # type: ignore[operator]
    assert answer.status_code == 401
    assert "Bearer" in answer.headers["WWW-Authenticate"]


def test_other_tokens_of_ours_open_nothing(shared_town: Town, shared_browser: Browser) -> None:
    app = shared_town.register()
    body = shared_browser.tokens(app)
    for token in (body["id_token"], body["refresh_token"]):
        answer = app.userinfo(token)
        assert (answer.status_code, answer.json["error"]) == (401, "invalid_token")
    machine = shared_town.register(grant_types=["client_credentials"], scope="openid case:write")
    own = machine.post("/token", {"grant_type": "client_credentials", "resource": shared_town.issuer}).json
    assert machine.userinfo(own["access_token"]).status_code == 403


def test_a_token_for_the_api_only_is_not_for_userinfo(shared_town: Town, shared_browser: Browser) -> None:
    """RFC 8707: the audience restricts where a token may go."""
    app = shared_town.register(scope="openid profile case:write")
    body = shared_browser.tokens(app, scope="openid case:write", resource=f"{shared_town.issuer}/api/v1")
    assert app.userinfo(body["access_token"]).status_code == 401


def test_a_token_ends(town: Town, browser: Browser, app: App) -> None:
    token = browser.tokens(app)["access_token"]
    with clock.travelled(timedelta(seconds=590)):
        assert app.userinfo(token).status_code == 200
    with clock.travelled(timedelta(seconds=601)):
        answer = app.userinfo(token)
        assert (answer.status_code, answer.json["error"]) == (401, "invalid_token")


def test_a_token_of_another_installation(
    sqlite_url: str, shared_town: Town, shared_browser: Browser, shared_app: App
) -> None:
    """Same keys, other issuer: the issuer decides."""
    token = shared_browser.tokens(shared_app)["access_token"]
    with Town(sqlite_url, issuer="http://localhost:9999") as other:
        assert ask(other, f"Bearer {token}").status_code == 401


def test_nothing_personal_is_in_the_access_token(shared_browser: Browser, shared_app: App) -> None:
    token = shared_browser.tokens(shared_app)["access_token"]
    payload = base64.urlsafe_b64decode(token.split(".")[1] + "==")
    claims = json.loads(payload)
    assert set(claims) == {"iss", "sub", "aud", "client_id", "scope", "iat", "exp", "jti"}
    assert json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))["typ"] == "at+jwt"  # RFC 9068 §2.1


@pytest.mark.parametrize(
    "sent", [None, "c770aef3-6784-41f7-8e0e-ff5f97bddb3a", "x", "", "{c770aef3-6784-41f7-8e0e-ff5f97bddb3}"]
)
@pytest.mark.parametrize("good", [True, False], ids=["answered", "refused"])
def test_an_interaction_id_comes_back_or_is_made(
    shared_browser: Browser, shared_app: App, sent: str | None, good: bool
) -> None:
    """FAPI 1.0 Part 1 §6.2.1: echoed if it is one, never as whatever text was sent."""
    token = shared_browser.tokens(shared_app)["access_token"] if good else "none"
    headers = {"Authorization": f"Bearer {token}"} | ({"x-fapi-interaction-id": sent} if sent is not None else {})
    answer = shared_app.town.app.test_client().get("/userinfo", headers=headers)
    assert answer.status_code == (200 if good else 401)
    given = answer.headers["x-fapi-interaction-id"]
    assert str(uuid.UUID(given)) == given
    assert (given == sent) == (sent is not None and sent.startswith("c"))
