"""A token shown again is not verified again; everything that can change about it is looked at each time."""

from __future__ import annotations

from datetime import timedelta

from idp.foundation import clock
from idp.oidc.keys import SIGNING
from idp.oidc.model import SigningKey
from idp.oidc.provider import provider
from idp.oidc.verified_tokens import MAX_TOKENS, VerifiedTokens
from tests.support.browser import Browser
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
