"""Codes that carry what they stand for: what they show, what becomes of changed ones, and of those too long for an address."""

from __future__ import annotations

import base64
from datetime import timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.foundation import clock, housekeeping
from idp.foundation.outbox import Job
from idp.foundation.vault import Vault, VaultError
from idp.oidc.grants.model import Grant
from idp.oidc.tokens.codes import MAX_LENGTH
from idp.oidc.tokens.model import AuthorizationCode
from tests.support.apps import App
from tests.support.browser import Browser
from tests.support.codes import changed, opened
from tests.support.town import Town

KEY, FORMER = (base64.urlsafe_b64encode(bytes([n]) * 32).decode() for n in (1, 2))
LONG = "n" * 1500


def test_giving_one_writes_no_row_and_makes_no_grant(town: Town, browser: Browser, app: App) -> None:
    code = browser.code(app)
    assert len(code) <= MAX_LENGTH
    assert [town.count(table) for table in (AuthorizationCode, Grant)] == [0, 0]


def test_nothing_of_what_it_carries_can_be_read(town: Town, browser: Browser, app: App) -> None:
    code = browser.code(app)
    carried, raw = opened(town, app.client_id, code).grant, base64.urlsafe_b64decode(code + "=" * (-len(code) % 4))
    for value in (carried.sub, carried.sid, carried.resident_id, carried.session_id, carried.grant_id, carried.scope):
        assert value.encode() not in raw


@given(place=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_a_changed_one_is_none_and_takes_nothing_away(
    shared_town: Town, shared_browser: Browser, shared_app: App, place: int, bit: int
) -> None:
    code = _code(shared_browser, shared_app)
    raw = bytearray(base64.urlsafe_b64decode(code + "=" * (-len(code) % 4)))
    raw[place % len(raw)] ^= 1 << bit
    forged = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    assert shared_app.redeem(forged).json["error"] == "invalid_grant"


@pytest.mark.parametrize("length", [1, 16, 42, 44, 60, 4000])
def test_bytes_of_any_length_are_no_code(shared_app: App, length: int) -> None:
    assert shared_app.redeem("A" * length).json["error"] == "invalid_grant"


def test_one_too_long_for_an_address_waits_in_a_row(any_town: Town) -> None:
    browser, app, thief = any_town.signed_in(), any_town.register(), any_town.register()
    code = browser.code(app, nonce=LONG)
    assert len(code) == 43
    (row,) = any_town.rows(AuthorizationCode)
    assert LONG[:40].encode() not in row.sealed
    assert thief.redeem(code, redirect_uri=app.redirect_uri).json["error"] == "invalid_grant"
    first = app.redeem(code).json
    assert app.id_token(first["id_token"])["nonce"] == LONG
    assert app.redeem(code).json["error"] == "invalid_grant"
    assert app.userinfo(first["access_token"]).status_code == 401
    with clock.travelled(timedelta(days=2)):
        housekeeping.handle(any_town.parts.database, Job(1, housekeeping.TOPIC, {}, 0))
    assert any_town.count(AuthorizationCode) == 0


def test_a_long_one_lives_as_long_as_a_short_one(shared_browser: Browser, shared_app: App) -> None:
    code = shared_browser.code(shared_app, nonce=LONG)
    with clock.travelled(timedelta(seconds=61)):
        assert shared_app.redeem(code).json["error"] == "invalid_grant"


def test_one_of_a_login_that_is_another_residents_makes_no_grant(town: Town, browser: Browser, app: App) -> None:
    """Only the provider could make such a code; the statement that makes the grant looks all the same."""
    other = opened(town, app.client_id, town.signed_in("taro").code(app)).grant
    assert app.redeem(changed(town, app.client_id, browser.code(app), session_id=other.session_id)).status_code == 400
    assert town.count(Grant) == 0


def test_a_former_key_still_opens_and_another_does_not() -> None:
    sealed = Vault(FORMER).seal_one("authorization code", b"x", "app")
    assert Vault(KEY, (FORMER,)).open_one("authorization code", sealed, "app") == b"x"
    with pytest.raises(VaultError):
        Vault(KEY).open_one("authorization code", sealed, "app")


@given(plain=st.binary(max_size=200), context=st.text(max_size=20), other=st.text(max_size=20))
def test_what_was_sealed_opens_for_its_purpose_and_context_only(plain: bytes, context: str, other: str) -> None:
    vault = Vault(KEY)
    sealed = vault.seal_one("a", plain, context)
    assert vault.open_one("a", sealed, context) == plain
    assert vault.seal_one("a", plain, context) != sealed
    for purpose, place in (("b", context), ("a", context + "x"), *([("a", other)] if other != context else [])):
        with pytest.raises(VaultError):
            vault.open_one(purpose, sealed, place)


_codes: dict[str, str] = {}


def _code(browser: Browser, app: App) -> str:
    """One for all examples: none of them may use it up."""
    if app.client_id not in _codes:
        _codes[app.client_id] = browser.code(app)
    return _codes[app.client_id]


def test_the_form_is_json_of_plain_values(town: Town, browser: Browser, app: App) -> None:
    """No pickles, no types that a later version could read differently."""
    code = browser.code(app, claims=orjson.dumps({"userinfo": {"name": None}}).decode())
    assert orjson.loads(opened(town, app.client_id, code).grant.claims or "") == {"userinfo": {"name": None}}
