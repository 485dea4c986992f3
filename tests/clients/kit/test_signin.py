"""Sign-in: what must work, and every answer that must be refused (OIDC Core §3.1, RFC 9207, RFC 7636)."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.clients.kit.conftest import App
from tests.clients.tiny_provider import TinyProvider, query_of


def test_a_resident_signs_in_and_comes_back_to_the_page_they_wanted(
    app: App, provider: TinyProvider, browser: requests.Session
) -> None:
    assert browser.get(app.url + "/").text == "nobody"
    answer = browser.get(app.url + "/mine")
    assert answer.url == app.url + "/mine"
    assert answer.text == "mine"
    assert browser.get(app.url + "/").text == "hello 見本 花子"
    asked = provider.requests[0]
    assert asked["code_challenge_method"] == "S256"
    assert asked["ui_locales"] == "en"
    assert len(asked["state"]) >= 43
    assert len(asked["nonce"]) >= 43


def test_the_secret_goes_in_the_header_form_encoded(app: App, provider: TinyProvider) -> None:
    app.sign_in()
    sent = provider.token_requests[0]["authorization"].removeprefix("Basic ")
    assert base64.b64decode(sent) == b"app-1:s3cret%3Awith+colon"


def test_a_private_key_can_take_the_place_of_the_secret(provider: TinyProvider, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    app = App(provider, tmp_path, private_key=pem, private_key_id="k1")
    try:
        assert app.sign_in().text == "hello 見本 花子"
        sent = provider.token_requests[0]
        claims = jwt.decode(sent["client_assertion"], key.public_key(), algorithms=["ES256"], audience=provider.issuer)
        assert claims["iss"] == claims["sub"] == "app-1"
        assert claims["exp"] - claims["iat"] <= 60
        assert sent["authorization"] == ""
    finally:
        app.close()


def test_two_tabs_can_sign_in_at_once(app: App, browser: requests.Session) -> None:
    first = browser.get(app.url + "/auth/login?return_to=/mine", allow_redirects=False).headers["Location"]
    second = browser.get(app.url + "/auth/login?return_to=/", allow_redirects=False).headers["Location"]
    assert browser.get(second).url == app.url + "/"
    assert browser.get(first).url == app.url + "/mine"


def test_a_browser_keeps_ten_attempts_and_drops_the_oldest(app: App, browser: requests.Session) -> None:
    urls = [browser.get(app.url + "/auth/login", allow_redirects=False).headers["Location"] for _ in range(11)]
    assert browser.get(urls[0]).status_code == 400
    assert browser.get(urls[1]).status_code == 200


def test_the_session_id_changes_at_sign_in_and_a_planted_one_is_worth_nothing(
    app: App, browser: requests.Session
) -> None:
    browser.cookies.set("tiny_session", "planted-by-someone-else", domain="localhost.local", path="/")
    app.sign_in(browser)
    first = browser.cookies.get("tiny_session", domain="localhost.local", path="/")
    app.sign_in(browser)
    second = browser.cookies.get("tiny_session", domain="localhost.local", path="/")
    assert len({"planted-by-someone-else", first, second}) == 3
    old = requests.get(app.url + "/", cookies={"tiny_session": str(first)})
    assert old.text == "nobody"


def test_the_back_button_after_sign_in_shows_no_error(app: App, browser: requests.Session) -> None:
    away = browser.get(app.url + "/auth/login", allow_redirects=False).headers["Location"]
    back = browser.get(away, allow_redirects=False).headers["Location"]
    assert browser.get(back).status_code == 200
    assert browser.get(back).text == "hello 見本 花子"


def test_cookies_carry_their_flags(app: App) -> None:
    browser = requests.Session()
    away = browser.get(app.url + "/auth/login", allow_redirects=False)
    assert "HttpOnly" in away.headers["Set-Cookie"]
    assert "SameSite=Lax" in away.headers["Set-Cookie"]
    back = browser.get(away.headers["Location"], allow_redirects=False).headers["Location"]
    done = browser.get(back, allow_redirects=False)
    assert "tiny_session=" in done.headers["Set-Cookie"]
    assert "HttpOnly" in done.headers["Set-Cookie"]
    assert done.headers["Cache-Control"] == "no-store"


def test_a_new_key_of_the_provider_is_found_without_a_restart(
    app: App, provider: TinyProvider, browser: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.sign_in()
    clock = app.machi.provider._clock
    app.machi.provider._clock = lambda: clock() + 31
    provider.keys["ES256"] = ec.generate_private_key(ec.SECP256R1())
    provider.kids["ES256"] = "e2"
    assert app.sign_in(browser).text == "hello 見本 花子"
    assert provider.jwks_reads == 2


def test_unknown_key_ids_do_not_make_the_app_flood_the_provider(app: App, provider: TinyProvider) -> None:
    provider.kids["ES256"] = "e1"
    real_sign = provider.sign
    provider.encode = lambda claims: jwt.encode(
        claims, provider.keys["ES256"], algorithm="ES256", headers={"kid": "forged"}
    )
    for _ in range(3):
        assert app.sign_in().status_code == 400
    assert provider.jwks_reads == 1
    provider.encode = real_sign


def refused(app: App, browser: requests.Session | None = None) -> None:
    """A sign-in that ends on an error page and leaves nobody signed in."""
    browser = browser or requests.Session()
    answer = app.sign_in(browser)
    assert answer.status_code == 400
    assert "tiny_session" not in browser.cookies
    assert browser.get(app.url + "/").text == "nobody"


def test_wrong_state(app: App, provider: TinyProvider) -> None:
    provider.change_answer = {"state": "someone-elses"}
    refused(app)
    assert provider.token_requests == []


def test_missing_state(app: App, provider: TinyProvider) -> None:
    provider.change_answer = {"state": None}
    refused(app)


def test_a_state_of_another_browser(app: App, provider: TinyProvider, browser: requests.Session) -> None:
    """CSRF of the sign-in (Authlib CVE-2025-68158)."""
    away = browser.get(app.url + "/auth/login", allow_redirects=False).headers["Location"]
    back = browser.get(away, allow_redirects=False).headers["Location"]
    victim = requests.Session()
    assert victim.get(back).status_code == 400
    assert victim.get(app.url + "/").text == "nobody"
    assert provider.token_requests == []


def test_an_answer_is_good_for_one_use(app: App, browser: requests.Session) -> None:
    away = browser.get(app.url + "/auth/login", allow_redirects=False).headers["Location"]
    back = browser.get(away, allow_redirects=False).headers["Location"]
    browser.get(back)
    app.sign_out(browser)
    assert browser.get(back).status_code == 400


@pytest.mark.parametrize("issuer", ["https://other.example", None, ""])
def test_an_answer_of_another_provider_is_dropped_before_its_code_is_used(
    app: App, provider: TinyProvider, issuer: str | None
) -> None:
    """Mix-up (RFC 9207, RFC 9700 §4.4)."""
    provider.change_answer = {"iss": issuer}
    refused(app)
    assert provider.token_requests == []


def test_a_doubled_parameter(app: App, browser: requests.Session) -> None:
    away = browser.get(app.url + "/auth/login", allow_redirects=False).headers["Location"]
    back = browser.get(away, allow_redirects=False).headers["Location"]
    assert browser.get(back + "&state=" + query_of(back)["state"]).status_code == 400


def test_the_resident_says_no(app: App, provider: TinyProvider, browser: requests.Session) -> None:
    provider.change_answer = {"code": None, "error": "access_denied"}
    answer = app.sign_in(browser)
    assert answer.status_code == 200
    assert "Sign-in failed" in answer.text
    assert browser.get(app.url + "/").text == "nobody"


def test_an_error_of_the_provider_is_never_echoed_as_html(app: App, provider: TinyProvider) -> None:
    provider.change_answer = {"code": None, "error": "<script>x</script>"}
    answer = app.sign_in()
    assert answer.status_code == 400
    assert "<script>" not in answer.text


def now(seconds: int = 0) -> int:
    return int(time.time()) + seconds


@pytest.mark.parametrize(
    "change",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"iss": "https://other.example"},
        {"aud": "another-app"},
        {"aud": ["app-1", "another-app"], "azp": "app-1"},
        {"azp": "another-app"},
        {"exp": now(-60)},
        {"exp": None},
        {"iat": now(-3600)},
        {"iat": now(600)},
        {"iat": None},
        {"sub": None},
        {"sub": "x" * 256},
        {"at_hash": "AAAA"},
    ],
    ids=lambda change: "-".join(change),  # names only: a time in an id would differ between test processes
)
def test_id_token_claims_that_are_refused(app: App, provider: TinyProvider, change: dict[str, object]) -> None:
    """Among them `at_hash` (Authlib CVE-2026-28498)."""
    provider.change_claims = change
    refused(app)


def test_a_signature_of_another_key(app: App, provider: TinyProvider) -> None:
    stranger = ec.generate_private_key(ec.SECP256R1())
    provider.encode = lambda claims: jwt.encode(claims, stranger, algorithm="ES256", headers={"kid": "e1"})
    refused(app)


def test_no_signature(app: App, provider: TinyProvider) -> None:
    def unsigned(claims: dict[str, object]) -> str:
        parts = [{"alg": "none", "kid": "e1"}, claims]
        return ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts) + "."

    provider.encode = unsigned
    refused(app)


@pytest.mark.parametrize("secret", ["public key", "client secret"])
def test_hs256_with_something_that_is_no_secret(app: App, provider: TinyProvider, secret: str) -> None:
    import hashlib
    import hmac

    public = provider.keys["RS256"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    key = public if secret == "public key" else b"s3cret:with colon"

    def confused(claims: dict[str, object]) -> str:
        parts = [{"alg": "HS256", "kid": "r1"}, claims]
        text = ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts)
        mac = hmac.new(key, text.encode(), hashlib.sha256).digest()
        return text + "." + base64.urlsafe_b64encode(mac).rstrip(b"=").decode()

    provider.encode = confused
    refused(app)


def test_a_logout_token_is_no_id_token(app: App, provider: TinyProvider) -> None:
    provider.encode = lambda claims: provider.sign(claims, "logout+jwt")
    refused(app)


def test_userinfo_about_somebody_else(app: App, provider: TinyProvider) -> None:
    provider.change_userinfo = {"sub": "pw-taro"}
    refused(app)


def test_rs256_is_accepted_when_it_is_the_keys_algorithm(app: App, provider: TinyProvider) -> None:
    provider.algorithm = "RS256"
    assert app.sign_in().text == "hello 見本 花子"


def test_a_provider_that_is_down_gives_a_page_not_a_crash(app: App, provider: TinyProvider) -> None:
    provider.served.stop()
    assert app.sign_in().status_code == 503
