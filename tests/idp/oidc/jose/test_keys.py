"""Key rotation in three steps, during which no verifier ever meets a signature it cannot check."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import jwt
import pytest

from idp.foundation import clock
from idp.oidc.jose.keys import KEEP_RETIRED, rotate
from idp.oidc.jose.model import SigningKey
from tests.support.apps import App
from tests.support.browser import Browser
from tests.support.town import Town


def turn(town: Town, now_too: bool = False) -> set[str]:
    with town.writing() as session:
        steps = rotate(session, town.parts.vault, now_too)
    town.op.keys._read_at = -1e9  # the cache of a few seconds
    return {step.did for step in steps}


def kid_of(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


def published(town: Town) -> set[str]:
    return {key["kid"] for key in town.app.test_client().get("/jwks").json["keys"]}


def test_no_verification_fails_across_the_steps(town: Town, browser: Browser, app: App) -> None:
    before = browser.tokens(app)
    old = kid_of(before["id_token"])
    assert turn(town) == {"published"}
    known = published(town)  # what an app has cached from now on
    assert len(known) == 4
    assert kid_of(browser.tokens(app)["id_token"]) == old
    assert turn(town) == {"waiting"}
    with clock.travelled(timedelta(minutes=61)):
        assert turn(town) == {"promoted"}
        after = app.refresh(before["refresh_token"]).json
        new = kid_of(after["id_token"])
        assert new != old
        assert new in known  # the app that cached the set an hour ago can check it
        assert old in published(town)
        assert app.userinfo(after["access_token"]).status_code == 200
    # A token signed by the retired key still counts, until it ends.
    assert app.userinfo(before["access_token"]).status_code == 200
    with clock.travelled(timedelta(days=3)):
        assert turn(town) == {"published"}
        assert old not in published(town)


def test_an_old_hint_counts_while_its_key_is_kept(town: Town, browser: Browser, app: App) -> None:
    hint = browser.tokens(app)["id_token"]
    turn(town)
    with clock.travelled(timedelta(minutes=61)):
        turn(town)
    assert browser.get("/logout", query_string={"id_token_hint": hint}).status_code == 200
    assert town.events("session_ended")


def test_at_once_for_a_key_that_may_have_leaked(town: Town, browser: Browser, app: App) -> None:
    old = kid_of(browser.tokens(app)["id_token"])
    assert turn(town, now_too=True) == {"promoted"}
    token = browser.tokens(app)["id_token"]
    assert kid_of(token) != old
    assert app.id_token(token)["iss"] == town.issuer


def test_other_processes_learn_of_a_new_key(town: Town, sqlite_url: str, browser: Browser, app: App) -> None:
    with Town(sqlite_url) as other:
        other.app.test_client().get("/jwks")  # the other process has its keys cached
        other.op.keys._read_at -= 2  # a moment ago
        with town.writing() as session:
            rotate(session, town.parts.vault, True)
        town.op.keys._read_at = -1e9
        token = browser.tokens(app)["access_token"]
        assert App(other, app.client_id, app.secret, app.metadata).userinfo(token).status_code == 200


def test_other_processes_publish_a_new_key_within_a_second(town: Town, sqlite_url: str) -> None:
    """A client's first key of its algorithm signs at once: a set read just before would be kept without it for ten minutes."""
    with Town(sqlite_url) as other:
        assert len(published(other)) == 2
        town.register(id_token_signed_response_alg="EdDSA")
        other.op.keys._read_at -= 1
        assert len(published(other)) == 3


def test_keys_belong_to_their_row(town: Town) -> None:
    """A sealed key copied into another row does not open."""
    from idp.foundation.vault import VaultError

    first, second = town.rows(SigningKey)
    with pytest.raises(VaultError):
        town.parts.vault.decrypt(first.private_sealed, f"signing-key:{second.kid}")


def test_an_installation_gets_its_keys_once(town: Town) -> None:
    from idp.oidc.jose.keys import ensure_keys

    with town.writing() as session:
        ensure_keys(session, town.parts.vault)
    assert town.count(SigningKey) == 2


def test_a_retired_key_outlives_every_token_it_signed(sqlite_url: str) -> None:
    """With the longest lives the settings allow, and a process that signs with the old key until it looks again."""
    with Town(sqlite_url, access_token_seconds=3600, id_token_seconds=3600) as town:
        browser, app = town.signed_in(), town.register()
        turn(town)
        first = kid_of(browser.tokens(app)["id_token"])
        with clock.travelled(timedelta(minutes=61)):
            turn(town)
            town.op.keys._read_at = math.inf  # this process goes on with what it knows, for some seconds
        old = kid_of(browser.tokens(app)["id_token"])
        assert old == first
        with clock.travelled(KEEP_RETIRED + timedelta(minutes=60)):  # days after the last token's hour
            turn(town)
            assert old in published(town)
        with clock.travelled(KEEP_RETIRED + timedelta(minutes=62)):
            turn(town)
            assert old not in published(town)


def test_two_operators_at_once(any_town: Town) -> None:
    """Each step is taken once, whoever asks at the same time."""
    for later in (timedelta(0), timedelta(minutes=61)):
        with clock.travelled(later), ThreadPoolExecutor(6) as pool:
            told = [done for steps in pool.map(lambda _: steps_of(any_town), range(6)) for done in steps]
        assert told.count("published" if not later else "promoted") == 2  # one for each algorithm
    states = sorted(row.state for row in any_town.rows(SigningKey))
    assert [states.count(state) for state in ("signing", "retired")] == [2, 2]


def steps_of(town: Town) -> list[str]:
    with town.writing() as session:
        return [step.did for step in rotate(session, town.parts.vault)]
