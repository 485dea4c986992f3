"""A token shown again is not verified again; everything that can change about it is looked at each time."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest

from idp.foundation import clock
from idp.oidc.jose.keys import SIGNING, rotate
from idp.oidc.jose.model import SigningKey
from idp.oidc.jose.verified_tokens import MAX_TOKENS, VerifiedTokens
from idp.oidc.server.provider import provider
from idp.oidc.tokens.tokens import TokenError, api_audience, check_access_token, decode_segment
from tests.support.apps import VERIFIER, App
from tests.support.browser import Browser
from tests.support.fapi import DpopKey, b64url
from tests.support.html import hidden_fields
from tests.support.town import Town


def test_what_was_verified_counts_for_that_key_and_that_text_only() -> None:
    tokens, key, other = VerifiedTokens(), object(), object()
    tokens.keep(b"a.b.c", key, {"sub": "x"})
    assert tokens.find(b"a.b.c", key) == {"sub": "x"}
    assert tokens.find(b"a.b.c", other) is None
    assert tokens.find(b"a.b.d", key) is None


def test_memory_is_bounded() -> None:
    tokens, key = VerifiedTokens(), object()
    for number in range(3 * MAX_TOKENS):
        tokens.keep(str(number).encode(), key, {})
    assert len(tokens._claims) <= MAX_TOKENS
    assert tokens.find(str(3 * MAX_TOKENS - 1).encode(), key) == {}


def test_a_token_seen_before_still_ends(town: Town, browser: Browser) -> None:
    app = town.register()
    token = browser.tokens(app)["access_token"]
    assert app.userinfo(token).status_code == 200
    assert app.userinfo(token).status_code == 200
    changed = token[:-2] + ("AA" if token[-2:] != "AA" else "BB")
    assert app.userinfo(changed).status_code == 401
    with clock.travelled(timedelta(hours=2)):
        assert app.userinfo(token).status_code == 401


def test_a_token_seen_before_is_revoked_at_once(town: Town, browser: Browser) -> None:
    app = town.register()
    token = browser.tokens(app)["access_token"]
    assert app.userinfo(token).status_code == 200
    app.revoke(token)
    assert app.userinfo(token).status_code == 401


def test_a_key_that_is_gone_takes_its_tokens_along(town: Town, browser: Browser) -> None:
    app = town.register()
    token = browser.tokens(app)["access_token"]
    assert app.userinfo(token).status_code == 200
    with town.parts.database.write() as session:
        for row in session.query(SigningKey).filter(SigningKey.alg == "ES256", SigningKey.state == SIGNING):
            session.delete(row)
    provider(town.app).keys._refresh(older_than=0.0)
    assert app.userinfo(token).status_code == 401


@pytest.fixture
def shown(town: Town, browser: Browser) -> tuple[App, str]:
    """An app and its access token, shown once already."""
    app = town.register()
    token = browser.tokens(app)["access_token"]
    assert app.userinfo(token).status_code == 200
    return app, token


def test_other_claims_under_the_same_signature(shown: tuple[App, str]) -> None:
    """The signature was verified over these very bytes; nothing of it counts for others."""
    app, token = shown
    header, payload, signature = token.split(".")
    claims = orjson.loads(decode_segment(payload.encode()))
    for changes in ({"exp": claims["exp"] + 3600}, {"sub": "somebody"}, {"aud": api_audience(app.town.settings)}, {}):
        other = b64url(orjson.dumps(claims | changes, option=orjson.OPT_INDENT_2))
        assert app.userinfo(f"{header}.{other}.{signature}").status_code == 401
    for other in (f"{header}.{payload}.", f"{header}.{payload}", f"{token}.", f"{token}=", f".{payload}.{signature}"):
        assert app.userinfo(other).status_code == 401
    assert app.userinfo(token).status_code == 200


def test_the_audience_is_looked_at_each_time(shown: tuple[App, str]) -> None:
    """Seen at userinfo, the token is no more for the events API than before, and the other way round."""
    app, token = shown
    settings, keys = app.town.settings, app.town.op.keys
    with pytest.raises(TokenError, match="audience"):
        check_access_token(settings, keys, token, api_audience(settings))
    assert app.userinfo(token).status_code == 200


def test_a_token_seen_is_still_no_id_token(town: Town, browser: Browser) -> None:
    app = town.register()
    tokens = browser.tokens(app)
    for _ in range(2):
        assert app.userinfo(tokens["id_token"]).status_code == 401
    assert app.userinfo(tokens["access_token"]).status_code == 200


def test_a_bound_token_needs_its_proof_each_time(town: Town, browser: Browser) -> None:
    key = DpopKey()
    app = town.register(dpop_bound_access_tokens=True)
    headers = {"DPoP": key.proof("POST", f"{town.issuer}/token")}
    form: dict[str, str | None] = {"grant_type": "authorization_code", "code": browser.code(app)}
    form |= {"redirect_uri": app.redirect_uri, "code_verifier": VERIFIER}
    token = app.post("/token", form, headers=headers, auth=(app.client_id, app.secret)).json["access_token"]

    def status(scheme: str, holder: DpopKey | None) -> int:
        sent = {"Authorization": f"{scheme} {token}"}
        if holder is not None:
            sent["DPoP"] = holder.proof("GET", f"{town.issuer}/userinfo", token)
        return town.app.test_client().get("/userinfo", headers=sent).status_code

    assert status("DPoP", key) == 200
    assert [status("DPoP", None), status("Bearer", None), status("DPoP", DpopKey())] == [401, 401, 401]
    assert status("DPoP", key) == 200


def test_another_process_ends_it(sqlite_url: str, shown: tuple[App, str]) -> None:
    """Each process remembers for itself; what ends a token is in the database."""
    app, token = shown
    with Town(sqlite_url) as other:
        there = App(other, app.client_id, app.secret, app.metadata)
        assert there.userinfo(token).status_code == 200
        there.revoke(token)
        assert [app.userinfo(token).status_code, there.userinfo(token).status_code] == [401, 401]


def test_the_end_of_the_login_counts_at_once(town: Town, browser: Browser) -> None:
    app = town.register()
    token = browser.tokens(app)["access_token"]
    assert app.userinfo(token).status_code == 200
    browser.post("/logout/confirm", hidden_fields(browser.get("/logout").text))
    assert app.userinfo(token).status_code == 401


def test_a_retired_key_keeps_what_it_signed(shown: tuple[App, str]) -> None:
    app, token = shown
    town = app.town
    with town.writing() as session:
        rotate(session, town.parts.vault, now_too=True)
    town.op.keys._refresh(older_than=0.0)
    assert app.userinfo(token).status_code == 200


def test_a_token_that_failed_is_not_kept(town: Town, browser: Browser) -> None:
    app = town.register()
    token = browser.tokens(app)["access_token"]
    known = set(town.op.keys.verified._claims)
    for end in ("AAAA", "BBBB"):
        assert app.userinfo(token[:-4] + end).status_code == 401
    assert set(town.op.keys.verified._claims) == known


def test_what_was_signed_here_is_known_as_if_it_had_been_verified(
    sqlite_url: str, town: Town, browser: Browser
) -> None:
    app = town.register()
    token = browser.tokens(app)["access_token"]
    with Town(sqlite_url) as other:
        verified = check_access_token(town.settings, other.op.keys, token, town.issuer)
    assert len(other.op.keys.verified._claims) == len(town.op.keys.verified._claims) == 1
    assert check_access_token(town.settings, town.op.keys, token, town.issuer) == verified
    assert list(other.op.keys.verified._claims) == list(town.op.keys.verified._claims)
    for (_, there), (_, here) in zip(
        other.op.keys.verified._claims.values(), town.op.keys.verified._claims.values(), strict=True
    ):
        assert there == here
