"""Passkeys and cards: stopped, used again, removed; and what somebody who is not the owner must not be able to do with these pages."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from idp.audit import AuditEvent
from idp.credentials.model import Passkey
from idp.foundation import clock
from idp.oidc.grants.model import Grant
from idp.staff.model import StaffPasskey
from tests.support.browser import Browser
from tests.support.keyring import Keyring
from tests.support.phone import Phone
from tests.support.staff import Desk
from tests.support.town import Town

HOME = "/my/settings/credentials"


@pytest.fixture
def ring(town: Town) -> Keyring:
    return Keyring(town)


def press(browser: Browser, credential_id: str, act: str) -> TestResponse:
    return browser.post(f"{HOME}/{credential_id}/{act}")


def done(answer: TestResponse) -> bool:
    """Whether it was done, or another sign-in asked for."""
    assert answer.status_code == 303, answer.text
    assert answer.location.startswith((f"{HOME}?done=", "/signin/")), answer.location
    return bool(answer.location.startswith(HOME))


def is_in(browser: Browser) -> bool:
    return browser.get("/my/settings").status_code == 200


def sign_in_with(town: Town, phone: Phone) -> TestResponse:
    browser = town.browser()
    attempt = browser.get("/signin").location
    options = browser.post_json(f"{attempt}/passkey/options", {}).json
    return browser.post_json(f"{attempt}/passkey", phone.get(options))


# stopping ---------------------------------------------------------------------------------------------------------------


def test_a_passkey_somebody_else_added_is_stopped_at_once(any_town: Town) -> None:
    ring, theirs = Keyring(any_town), Phone()
    mine = ring.passkey(days=300)
    added = ring.passkey(days=1, phone=theirs)
    owner, thief, elsewhere = ring.signed_in(mine, minutes=20), ring.signed_in(added), ring.signed_in(mine)
    page = owner.get(f"{HOME}/{added}/hold")
    assert 'data-permit="now"' in page.text
    assert done(press(owner, added, "hold"))
    assert (ring.state(added), ring.state(mine)) == ("held", "active")
    assert [is_in(b) for b in (owner, thief, elsewhere)] == [True, False, False]
    refused = sign_in_with(any_town, theirs)
    assert (refused.status_code, refused.json["title"]) == (403, "passkey_held")
    assert any_town.rows(AuditEvent, AuditEvent.type == "passkey_refused")[-1].resident_id == ring.resident_id
    text = owner.get(HOME).text
    assert 'data-state="held"' in text
    assert "Stopped" in text
    assert [e.facts for e in any_town.events("not_me")] == ['{"about":"credential"}']
    assert len(any_town.events("credential_held")) == 1


def test_what_apps_got_through_it_ends_and_the_rest_stays(town: Town, ring: Keyring) -> None:
    """Also what outlives a login (`offline_access`): a thief's app on a thief's phone would go on otherwise."""
    mine = ring.passkey(days=300)
    added = ring.passkey(days=1)
    app = town.register(scope="openid profile offline_access")
    scope = {"scope": "openid offline_access", "prompt": "consent"}
    theirs = ring.signed_in(added).tokens(app, **scope)["refresh_token"]
    own = ring.signed_in(mine).tokens(app, **scope)["refresh_token"]
    assert done(press(ring.signed_in(mine), added, "hold"))
    assert app.refresh(theirs).status_code == 400
    assert app.refresh(own).status_code == 200
    assert town.count(Grant, Grant.revoked_at.is_not(None)) == 1


@pytest.mark.parametrize("again", [1, 2])
def test_a_second_press_changes_nothing(town: Town, ring: Keyring, again: int) -> None:
    mine, added = ring.passkey(days=300), ring.passkey()
    owner = ring.signed_in(mine)
    assert done(press(owner, added, "hold"))
    other = ring.signed_in(mine)
    for _ in range(again):
        assert done(press(owner, added, "hold"))
    assert is_in(other)
    assert len(town.events("credential_held")) == len(town.events("not_me")) == 1
    assert owner.get(f"{HOME}/{added}/hold").location == HOME


def test_a_copy_of_the_owners_own_cookie_is_worth_nothing_after_it(town: Town, ring: Keyring) -> None:
    """The login that goes on may be the very one that was stolen."""
    ring.passkey(days=300)
    added = ring.passkey(days=1)
    owner, thief = ring.signed_in(minutes=20), town.browser()
    thief.set_cookie("machi_session", str(owner.cookie("machi_session")))
    assert is_in(thief)
    assert done(press(owner, added, "hold"))
    assert (is_in(owner), is_in(thief)) == (True, False)


def test_a_stolen_login_cannot_stop_the_owners_older_passkeys(ring: Keyring) -> None:
    """The thief has the cookie, but nothing to sign in with."""
    older, other = ring.passkey(days=300), ring.passkey(days=200)
    stolen = ring.signed_in(older, minutes=11)
    for target in (older, other):
        assert 'data-permit="sign_in_again"' in stolen.get(f"{HOME}/{target}/hold").text
        assert not done(press(stolen, target, "hold"))
    assert ring.state(older) == ring.state(other) == "active"


def test_a_thiefs_own_passkey_has_no_say_over_the_owners(ring: Keyring) -> None:
    """Not even with the freshest sign-in, for its first seven days."""
    mine, card = ring.passkey(days=300), ring.card(days=300)
    added = ring.passkey(days=6)
    thief = ring.signed_in(added)
    for target, act in ((mine, "hold"), (card, "hold"), (mine, "remove")):
        assert not done(press(thief, target, act))
    assert ring.state(mine) == ring.state(card) == "active"
    with clock.travelled(timedelta(days=2)):
        assert done(press(ring.signed_in(added), mine, "hold"))  # the owner has had eight days to say "not me"


def test_the_owners_older_one_has_a_say_over_the_thiefs(ring: Keyring) -> None:
    mine = ring.passkey(days=20)
    added = ring.passkey(days=10)
    assert not done(
        press(ring.signed_in(mine, minutes=11), added, "hold")
    )  # settled: no longer without a fresh sign-in
    assert done(press(ring.signed_in(mine), added, "hold"))


def test_what_opened_this_login_is_not_stopped_by_it_alone(ring: Keyring) -> None:
    ring.passkey(days=300)
    added = ring.passkey(days=1)
    assert not done(press(ring.signed_in(added), added, "hold"))


def test_the_last_way_in_is_not_stopped_from_a_stolen_login(ring: Keyring) -> None:
    """Even in its first days: the owner would stand outside."""
    only = ring.passkey(days=1)
    stolen = ring.signed_in(minutes=20)
    assert "only way to sign in" in stolen.get(f"{HOME}/{only}/hold").text
    assert not done(press(stolen, only, "hold"))


@pytest.mark.parametrize(("channel", "enough"), [("counter", True), ("post", False)])
def test_somebody_who_lost_the_only_one_comes_with_a_code_from_the_counter(
    ring: Keyring, channel: str, enough: bool
) -> None:
    """A posted letter can be taken out of a letter box; at the counter staff looked at the person."""
    lost = ring.passkey(days=300)
    browser = ring.with_code(channel)
    page = browser.get(f"{HOME}/{lost}/hold").text
    assert "only way to sign in" in page  # said before, not found out after
    assert done(press(browser, lost, "hold")) is enough
    added = browser.post_json("/account/passkeys/options", {})
    assert added.status_code == (200 if enough else 403)


def test_a_card_is_stopped_and_used_again(ring: Keyring) -> None:
    mine, card = ring.passkey(days=300), ring.card(days=1)
    owner = ring.signed_in(mine, minutes=20)
    assert done(press(owner, card, "hold"))
    assert ring.state(card) == "held"
    assert not done(press(owner, card, "release"))  # easy to stop, hard to undo
    assert ring.state(card) == "held"
    assert done(press(ring.signed_in(mine), card, "release"))
    assert ring.state(card) == "active"


def test_a_held_passkey_that_comes_back_signs_in(town: Town, ring: Keyring) -> None:
    phone = Phone()
    mine, added = ring.passkey(days=300), ring.passkey(days=1, phone=phone)
    owner = ring.signed_in(mine)
    press(owner, added, "hold")
    assert done(press(owner, added, "release"))
    assert sign_in_with(town, phone).status_code == 200
    assert len(town.events("credential_released")) == 1


# removing ---------------------------------------------------------------------------------------------------------------


def test_a_passkey_is_removed(town: Town, ring: Keyring) -> None:
    phone = Phone()
    mine, old = ring.passkey(days=300), ring.passkey(days=200, phone=phone)
    owner, with_it, beside = ring.signed_in(mine), ring.signed_in(old), ring.signed_in(mine)
    assert "never sign you in again" in owner.get(f"{HOME}/{old}/remove").text
    assert done(press(owner, old, "remove"))
    assert old not in owner.get(HOME).text
    assert [is_in(b) for b in (owner, with_it, beside)] == [True, False, True]
    refused = sign_in_with(town, phone)
    # As one that never was: the answer says nothing about whether somebody once had it.
    assert (refused.status_code, refused.json["title"]) == (400, "passkey_refused")
    assert len(town.events("passkey_removed")) == 1
    assert done(press(owner, old, "remove"))
    assert len(town.events("passkey_removed")) == 1
    assert town.count(Passkey) == 2  # the row stays, as evidence


def test_removing_needs_a_fresh_sign_in_and_comes_back_to_the_question(ring: Keyring) -> None:
    mine, old = ring.passkey(days=300), ring.passkey(days=200)
    owner = ring.signed_in(mine, minutes=11)
    answer = press(owner, old, "remove")
    assert not done(answer)
    assert "sign in once more" in owner.get(answer.location).text
    ring.prove(owner, mine)
    back = owner.get(answer.location)
    assert back.location == f"{HOME}/{old}/remove"
    assert 'data-permit="now"' in owner.get(back.location).text
    assert ring.state(old) == "active"


def test_a_passkey_may_remove_itself_but_not_as_the_last_way_in(ring: Keyring) -> None:
    first, second = ring.passkey(days=300), ring.passkey(days=2)
    assert done(press(ring.signed_in(second), second, "remove"))
    owner = ring.signed_in(first)
    page = owner.get(f"{HOME}/{first}/remove").text
    assert 'data-permit="last_way_in"' in page
    assert 'data-testid="credential-confirm"' not in page
    assert press(owner, first, "remove").location == f"{HOME}/{first}/remove"
    assert ring.state(first) == "active"


@pytest.mark.servers
def test_two_removed_at_once_leave_one(postgresql_url: str) -> None:
    """Each finds the other one still there, unless one waits for the other."""
    with Town(postgresql_url) as town:
        ring = Keyring(town)
        keys = [ring.passkey(days=300), ring.passkey(days=200)]
        browsers = [ring.signed_in(key) for key in keys]
        assert all(browser.csrf for browser in browsers)
        together = threading.Barrier(2)

        def remove(number: int) -> str:
            together.wait(10)
            return str(press(browsers[number], keys[number], "remove").location)

        with ThreadPoolExecutor(2) as pool:
            answers = sorted(pool.map(remove, range(2)))
        assert [answer.endswith("/remove") for answer in answers] == [True, False]
        assert town.count(Passkey, Passkey.state == "active") == 1


def test_an_expired_card_is_no_way_in(ring: Keyring) -> None:
    card, only = ring.card(days=6 * 365), ring.passkey(days=300)
    press(ring.signed_in(card, kind="card"), only, "remove")
    assert ring.state(only) == "active"


def test_a_card_cannot_be_removed(ring: Keyring) -> None:
    card = ring.card(days=300)
    owner = ring.signed_in(ring.passkey(days=300))
    assert owner.get(f"{HOME}/{card}/remove").status_code == 404
    assert press(owner, card, "remove").status_code == 404


# not the owner ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["hold", "remove", "release"])
def test_another_residents_passkey_does_not_exist(town: Town, act: str) -> None:
    hanako, taro = Keyring(town), Keyring(town, "taro")
    theirs = hanako.passkey(days=1)
    hanako.passkey(days=300)
    browser = taro.signed_in(taro.passkey(days=300))
    for target in (theirs, "0" * 26, "x"):
        assert browser.get(f"{HOME}/{target}/{act}").status_code == 404
        assert press(browser, target, act).status_code == 404
    assert hanako.state(theirs) == "active"
    assert town.events("credential_held") == []


@pytest.mark.parametrize("act", ["hold", "remove", "release", "revoke"])
def test_without_the_csrf_token_or_a_login_nothing_happens(ring: Keyring, act: str) -> None:
    mine, added = ring.passkey(days=300), ring.passkey(days=1)
    owner = ring.signed_in(mine)
    address = f"{HOME}/{added}/{act}"
    assert owner.client.post(address).status_code == 400
    assert owner.post(address, headers={"Origin": "https://evil.example"}).status_code == 400
    assert ring.town.browser().post(address).status_code == 401
    assert ring.town.browser().get(address).location.startswith("/signin?next=")
    assert ring.state(added) == "active"
    assert owner.get(f"{HOME}/{added}/revoke").status_code == 404


def test_passkeys_of_the_desk_are_not_among_them(town: Town, ring: Keyring) -> None:
    desk = Desk(town)
    desk.sign_up()
    [row] = town.rows(StaffPasskey)
    owner = ring.signed_in(ring.passkey(days=300))
    staff_key = str(row.credential_id)
    for act in ("hold", "remove"):
        assert press(owner, staff_key, act).status_code == 404
    desk.sign_in_again()


# adding -----------------------------------------------------------------------------------------------------------------


def test_adding_needs_the_level_a_passkey_has(ring: Keyring) -> None:
    """A posted code is below it, and enough only for somebody who has no other way in."""
    letter = ring.with_code("post")
    assert letter.post_json("/account/passkeys/options", {}).status_code == 200
    ring.passkey(days=300)
    assert letter.post_json("/account/passkeys/options", {}).status_code == 403
    page = letter.get("/account/passkeys/new")
    assert (page.status_code, "came by post is not enough" in page.text) == (
        403,
        True,
    )  # not the sign-in page again and again
    assert ring.with_code("counter").get("/account/passkeys/new").status_code == 200


def test_an_old_passkey_sign_in_does_not_lend_its_level_to_a_fresh_code(ring: Keyring) -> None:
    mine = ring.passkey(days=300)
    browser = ring.signed_in(mine, minutes=20)
    browser.sign_in(ring.resident_id, ring.code("post"))
    assert browser.post_json("/account/passkeys/options", {}).status_code == 403
