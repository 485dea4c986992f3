"""Ended access beats what is under way: each way to end, times everything an app may have in hand.

A use counts as alive only if what it gives works in the end: in another process, a switched-off client may for a few seconds still be
taken for one that is on, but nothing it gets so is worth anything.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select, update

from idp.audit import AuditEventType, record
from idp.foundation.outbox import OutboxRow
from idp.foundation.vault import digest
from idp.logins.devices import end_other_devices
from idp.logins.model import LoginSession
from idp.oidc.clients.model import Client
from idp.oidc.grants.model import Grant, SessionClient
from idp.oidc.grants.revoke import LOGOUT_TOPIC, end_app_access
from idp.oidc.registration.change_client import switch_client
from idp.residents.life_cycle import AccountAction
from tests.idp.residents.test_life_cycle import do
from tests.support.in_flight import PASSKEY, InFlight
from tests.support.town import Town

OWN = {"introspection, own token", "own token, grants", "own token, events", "own token, SSF"}
OFFLINE = {"introspection, offline", "userinfo, offline", "refresh, offline"}


@pytest.fixture
def has(database_url: str) -> Iterator[InFlight]:
    with Town(database_url, hybrid_flows=True) as town:
        yield InFlight(town)


def access_ended(has: InFlight) -> None:
    with has.town.writing() as session:
        end_app_access(session, has.resident, has.app.client_id)


def signed_out(has: InFlight) -> None:
    has.browser.post("/signout")


def signed_out_everywhere_else(has: InFlight) -> None:
    [first] = has.town.rows(LoginSession)
    has.town.browser().sign_in(has.resident)
    with has.town.app.app_context(), has.town.writing() as session:
        mine = session.scalars(select(LoginSession.session_id).where(LoginSession.session_id != first.session_id)).one()
        assert end_other_devices(session, has.resident, mine) == 1


def suspended(has: InFlight) -> None:
    do(has.town, AccountAction.SUSPEND, has.resident)


def closed(has: InFlight) -> None:
    do(has.town, AccountAction.CLOSE, has.resident)


def switched_off(has: InFlight) -> None:
    """In another process: this one has the client in its cache."""
    assert has.town.op.clients.get(has.app.client_id) is not None
    with has.town.writing() as session:
        switch_client(session, has.app.client_id, False, "test")


def deregistered(has: InFlight) -> None:
    has.town.change(update(Client).values(registration_token_digest=digest("own")))
    headers = {"Authorization": "Bearer own"}
    path = f"/register/{has.app.client_id}"
    assert has.town.app.test_client().delete(path, headers=headers).status_code == 204
    has.app.introspect = lambda _token: {"active": False}  # type: ignore[method-assign] - it cannot even ask any more


def not_me(has: InFlight) -> None:
    """The login goes on: it was another credential that vouched."""
    with has.town.writing() as session:
        facts = {"credential": PASSKEY, "kind": "passkey"}
        record(session, AuditEventType.CREDENTIAL_HELD, resident_id=has.resident, **facts)


# What is meant to stay. After a sign-out: what the resident allowed to outlast it, and what their standing consent allows.
WAYS: dict[Callable[[InFlight], None], set[str]] = {
    access_ended: OWN,
    signed_out: OWN | OFFLINE | {"assertion"},
    signed_out_everywhere_else: OWN | OFFLINE | {"assertion"},
    suspended: OWN,
    closed: OWN,
    switched_off: set(),
    deregistered: set(),
    not_me: OWN | {"assertion", "pushed request"},  # a request, not an answer: the login that goes on may answer it
}


def test_everything_in_hand_works_as_long_as_nothing_ends(has: InFlight) -> None:
    assert has.alive() == set(has.uses())


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_what_is_in_hand_is_worthless_at_the_next_request(has: InFlight, way: Callable[[InFlight], None]) -> None:
    way(has)
    assert has.alive() == WAYS[way]


def test_a_new_sign_on_after_the_end_brings_nothing_back(has: InFlight) -> None:
    access_ended(has)
    code = has.browser.code(has.app)
    assert has.alive() - OWN == {"assertion", "pushed request"}  # the resident has just agreed again
    assert has.app.redeem(code).status_code == 200


# one family ----------------------------------------------------------------------------------------------------------

FAMILY = {"introspection", "introspection, refresh token", "userinfo", "refresh", "exchange", "at another's API"}


def revoked(has: InFlight) -> None:
    has.app.revoke(has.tokens["refresh_token"])


def reused(has: InFlight) -> None:
    first, token = has.tokens["refresh_token"], has.tokens["refresh_token"]
    for _ in range(2):
        token = has.app.refresh(token).json["refresh_token"]
    assert has.app.refresh(first).status_code == 400
    has.tokens["refresh_token"] = token


@pytest.mark.parametrize("way", [revoked, reused], ids=lambda way: way.__name__)
def test_what_ends_a_family_ends_all_of_it_and_nothing_else(has: InFlight, way: Callable[[InFlight], None]) -> None:
    way(has)
    assert has.alive() == set(has.uses()) - FAMILY


def test_the_app_ends_a_grant_of_its_own(has: InFlight) -> None:
    headers = {"Authorization": f"Bearer {has.own['access_token']}"}
    path = f"/grants/{has.managed['grant_id']}"
    assert has.town.app.test_client().delete(path, headers=headers).status_code == 204
    assert has.app.userinfo(has.managed["access_token"]).status_code == 401
    assert has.app.refresh(has.managed["refresh_token"]).status_code == 400
    assert has.alive() == set(has.uses()) - {"code that merges"}


def test_a_code_used_twice_ends_what_it_gave(has: InFlight) -> None:
    first = has.app.redeem(has.code).json
    assert has.app.redeem(has.code).status_code == 400
    assert has.app.userinfo(first["access_token"]).status_code == 401
    assert has.app.refresh(first["refresh_token"]).status_code == 400


def test_switched_on_again_what_had_not_ended_goes_on(has: InFlight) -> None:
    switched_off(has)
    assert has.app.userinfo(has.tokens["access_token"]).status_code == 401
    with has.town.writing() as session:
        switch_client(session, has.app.client_id, True, "test")
    assert has.app.userinfo(has.tokens["access_token"]).status_code == 200


def test_the_apps_api_being_off_its_tokens_are_worthless(has: InFlight) -> None:
    with has.town.writing() as session:
        switch_client(session, has.office.client_id, False, "test")
    assert has.alive() == set(has.uses()) - {"at another's API", "exchange"}


def test_an_app_of_the_login_that_goes_on_is_told_when_a_credential_is_held(has: InFlight) -> None:
    """A thief may have opened it in that very login."""
    not_me(has)
    [job] = [row for row in has.town.rows(OutboxRow) if row.topic == LOGOUT_TOPIC]
    assert has.app.client_id in job.payload


# at once -------------------------------------------------------------------------------------------------------------


@pytest.mark.servers
def test_a_code_redeemed_while_the_access_is_being_ended_waits_for_the_word(postgresql_url: str) -> None:
    """The end is written and not yet committed: the redemption must not slip by on what it can still see."""
    with Town(postgresql_url) as town:
        resident, browser, app = town.resident(), town.browser(), town.register()
        browser.sign_in(resident)
        code, answers = browser.code(app), []
        thread = threading.Thread(target=lambda: answers.append(app.redeem(code)))
        with town.writing() as session:
            end_app_access(session, resident, app.client_id)
            session.flush()
            thread.start()
            _until_somebody_waits(town)
        thread.join()
        assert answers[0].json["error"] == "invalid_grant"
        assert town.count(Grant) == town.count(SessionClient) == 0


def _until_somebody_waits(town: Town) -> None:
    from sqlalchemy import text

    for _ in range(10_000):
        with town.parts.database.read() as session:
            if session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                return
    raise AssertionError("nobody waits")
