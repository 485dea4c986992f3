"""What a refresh token is made of: nobody else makes one, each gives one successor, and a change of the operator's key is survived."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.foundation import clock
from idp.foundation.settings import DEMO_SECRET
from idp.foundation.vault import Vault, digest
from idp.oidc.grants.model import Grant
from idp.oidc.tokens.refresh_tokens import first_refresh_token, read_refresh_token
from tests.support.apps import App
from tests.support.browser import Browser
from tests.support.town import Town

KEY, FORMER = (base64.urlsafe_b64encode(bytes(range(n, n + 32))).decode() for n in (1, 2))
GRANT_ID = "a" * 26


def test_a_family_is_one_row_however_often_it_is_used(any_town: Town) -> None:
    app = any_town.register()
    token = any_town.signed_in().tokens(app)["refresh_token"]
    shown = [token]
    for _ in range(4):
        shown.append(app.refresh(shown[-1]).json["refresh_token"])
    assert len(set(shown)) == 5
    (grant,) = any_town.rows(Grant)
    assert (grant.refresh_before, grant.refresh_digest) == (digest(shown[-2]), digest(shown[-1]))


def test_one_from_long_ago_is_a_reuse_too(any_town: Town) -> None:
    app = any_town.register()
    shown = [any_town.signed_in().tokens(app)["refresh_token"]]
    for _ in range(3):
        shown.append(app.refresh(shown[-1]).json["refresh_token"])
    assert app.refresh(shown[0]).json["error"] == "invalid_grant"
    assert app.refresh(shown[-1]).json["error"] == "invalid_grant"
    assert [e.client_id for e in any_town.events("refresh_token_reused")] == [app.client_id]


@given(place=st.integers(0, 65), bit=st.integers(0, 7))
def test_a_changed_one_is_none_and_ends_nothing(
    shared_town: Town, shared_browser: Browser, shared_app: App, place: int, bit: int
) -> None:
    raw = bytearray(base64.urlsafe_b64decode(_token(shared_browser, shared_app)))
    raw[place] ^= 1 << bit
    assert shared_app.refresh(base64.urlsafe_b64encode(raw).decode()).json["error"] == "invalid_grant"
    assert shared_town.rows(Grant, Grant.grant_id == raw_grant(shared_browser, shared_app))[0].revoked_at is None


@given(text=st.text(max_size=120) | st.binary(min_size=66, max_size=66).map(lambda b: base64.b64encode(b).decode()))
def test_nothing_else_is_one(text: str) -> None:
    assert read_refresh_token(Vault(KEY), text) is None


def test_who_knows_the_grants_id_cannot_end_it(town: Town, browser: Browser, app: App) -> None:
    """Access tokens begin their `jti` with it."""
    body = browser.tokens(app)
    (grant,) = town.rows(Grant)
    forged = first_refresh_token(Vault(KEY), grant.grant_id)
    assert app.refresh(forged).json["error"] == "invalid_grant"
    assert app.refresh(body["refresh_token"]).status_code == 200


def test_the_operators_key_alone_makes_none(town: Town, browser: Browser, app: App) -> None:
    """Whoever has the key but not the database can at most end a family."""
    browser.tokens(app)
    (grant,) = town.rows(Grant)
    assert app.refresh(first_refresh_token(town.parts.vault, grant.grant_id)).json["error"] == "invalid_grant"


def test_no_two_are_alike_and_each_has_one_successor() -> None:
    vault = Vault(KEY)
    one, other = (read_refresh_token(vault, first_refresh_token(vault, GRANT_ID)) for _ in range(2))
    assert one is not None
    assert other is not None
    assert one.grant_id == other.grant_id == GRANT_ID
    assert one.successor(vault, 1) == one.successor(vault, 1)
    assert one.successor(vault, 1) != other.successor(vault, 1)
    following = read_refresh_token(vault, one.successor(vault, 1))
    assert following is not None
    assert (one.count, following.grant_id, following.count) == (0, GRANT_ID, 1)
    assert one.successor(vault, 2) != one.successor(vault, 1)


def test_another_installations_is_none() -> None:
    assert read_refresh_token(Vault(KEY), first_refresh_token(Vault(FORMER), GRANT_ID)) is None


def test_a_change_of_the_operators_key_costs_no_family(sqlite_url: str) -> None:
    """The former key is named for a while; an answer lost just before the change is given again just after it."""
    with Town(sqlite_url, secret_key=DEMO_SECRET) as town:
        app = town.register()
        first = town.signed_in().tokens(app)["refresh_token"]
        second = app.refresh(first).json["refresh_token"]
    with Town(sqlite_url, secret_key=KEY, old_secret_keys=(DEMO_SECRET,)) as town:
        again = App(town, app.client_id, app.secret, app.metadata)
        assert again.refresh(first).json["refresh_token"] == second
        third = again.refresh(second).json["refresh_token"]
        assert again.refresh(second).json["refresh_token"] == third
        with clock.travelled(timedelta(minutes=1)):
            assert again.refresh(first).json["error"] == "invalid_grant"
            assert again.refresh(third).json["error"] == "invalid_grant"


@pytest.mark.parametrize("hint", [None, "refresh_token", "access_token"])
def test_a_spent_one_still_ends_its_family_when_revoked(
    town: Town, browser: Browser, app: App, hint: str | None
) -> None:
    """RFC 7009 §2.1: an app that lost track of its tokens can still end them."""
    first = browser.tokens(app)["refresh_token"]
    second = app.refresh(first).json["refresh_token"]
    form: dict[str, str | None] = {"token": first} | ({"token_type_hint": hint} if hint else {})
    assert app.post("/revoke", form, auth=(app.client_id, app.secret)).status_code == 200
    assert app.refresh(second).json["error"] == "invalid_grant"


_tokens: dict[str, str] = {}


def _token(browser: Browser, app: App) -> str:
    """One for all examples: none of them may use it up."""
    if app.client_id not in _tokens:
        _tokens[app.client_id] = browser.tokens(app)["refresh_token"]
    return _tokens[app.client_id]


def raw_grant(browser: Browser, app: App) -> str:
    return base64.urlsafe_b64decode(_token(browser, app))[:26].decode()
