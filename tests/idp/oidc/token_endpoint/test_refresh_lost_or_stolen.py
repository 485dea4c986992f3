"""A lost refresh answer is no theft, however long the outage, and a theft is found out as soon as both go on (RFC 9700 §4.14)."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import update

from idp.foundation import clock
from idp.foundation.database import from_ms
from idp.oidc.clients.model import Client
from idp.oidc.grants.model import Grant
from idp.residents.model import Resident
from tests.support.apps import App
from tests.support.browser import Browser
from tests.support.town import Town

SCOPE = "openid offline_access"
PUBLIC: dict[str, Any] = {"token_endpoint_auth_method": "none"}


class Holder:
    """Shows the newest token it got; answers may be lost. `past` are those it had before."""

    def __init__(self, app: App, token: str) -> None:
        self.app, self.token, self.past = app, token, [token]
        self.refused = 0

    def refresh(self, answer_arrives: bool = True) -> None:
        answer = self.app.refresh(self.token)
        if answer.status_code != 200:
            self.refused += 1
        elif answer_arrives:
            self.token = answer.json["refresh_token"]
            self.past.append(self.token)


class Thief:
    """Copies what the holder has or had, as the same app; keeps everything, and tries it in any order."""

    def __init__(self, app: App) -> None:
        self.app, self.tokens, self.got = app, list[str](), 0

    def use(self, token: str) -> bool:
        answer = self.app.refresh(token)
        if answer.status_code == 200:
            self.got += 1
            self.tokens.append(answer.json["refresh_token"])
        return bool(answer.status_code == 200)


def alarms(town: Town, app: App) -> int:
    return sum(event.client_id == app.client_id for event in town.events("refresh_token_reused"))


def wait(**time: float) -> Any:
    return clock.travelled(timedelta(**time))


WAITS = st.sampled_from([0, 5, 19, 21, 60, 600, 3 * 3600])
HOLDERS = st.tuples(WAITS, st.sampled_from(["refresh", "lost"]))
BOTH = st.tuples(WAITS, st.sampled_from(["refresh", "lost", "steal", "steal an old one", "newest", "oldest", "middle"]))


@given(acts=st.lists(HOLDERS, max_size=12))
@hypothesis_settings(max_examples=40)
def test_a_holder_alone_never_raises_the_alarm_and_always_gets_on(
    shared_town: Town, shared_browser: Browser, shared_app: App, acts: list[tuple[int, str]]
) -> None:
    before = alarms(shared_town, shared_app)
    holder, passed = Holder(shared_app, shared_browser.tokens(shared_app, scope=SCOPE)["refresh_token"]), 0
    for seconds, act in acts:
        passed += seconds
        with wait(seconds=passed):
            holder.refresh(answer_arrives=act == "refresh")
    assert (holder.refused, alarms(shared_town, shared_app)) == (0, before)


@given(acts=st.lists(BOTH, min_size=2, max_size=14))
@hypothesis_settings(max_examples=80)
def test_a_thief_who_used_a_token_is_found_out_when_the_holder_goes_on(
    shared_town: Town, shared_browser: Browser, shared_app: App, acts: list[tuple[int, str]]
) -> None:
    before = alarms(shared_town, shared_app)
    holder = Holder(shared_app, shared_browser.tokens(shared_app, scope=SCOPE)["refresh_token"])
    thief, passed = Thief(shared_app), 0
    for seconds, act in acts:
        passed += seconds
        with wait(seconds=passed):
            if act in ("refresh", "lost"):
                holder.refresh(answer_arrives=act == "refresh")
            elif act.startswith("steal"):
                thief.tokens.append(holder.token if act == "steal" else holder.past[len(holder.past) // 2])
            elif thief.tokens:
                thief.use(thief.tokens[{"newest": -1, "oldest": 0, "middle": len(thief.tokens) // 2}[act]])
    for _ in range(2):  # both go on for a while, the thief with care: nothing that was used before
        passed += 30
        with wait(seconds=passed):
            holder.refresh()
        passed += 30
        with wait(seconds=passed):
            if thief.tokens:
                thief.use(thief.tokens[-1])
    with wait(seconds=passed + 30):
        holder.refresh()
        assert not any(thief.use(token) for token in reversed(list(thief.tokens)))
    assert thief.got == 0 or alarms(shared_town, shared_app) == before + 1


# case by case --------------------------------------------------------------------------------------------------------


def test_an_answer_lost_in_a_long_outage(any_town: Town) -> None:
    app, browser = any_town.register(), any_town.signed_in()
    first = browser.tokens(app, scope=SCOPE)["refresh_token"]
    lost = app.refresh(first).json
    with wait(days=3):
        again = app.refresh(first)
        assert again.status_code == 200
        assert again.json["refresh_token"] != lost["refresh_token"]
        assert app.refresh(first).json["refresh_token"] == again.json["refresh_token"]  # the grace of the second answer
        assert app.refresh(again.json["refresh_token"]).status_code == 200
    assert any_town.events("refresh_token_reused") == []


def test_lost_again_and_again(town: Town, browser: Browser, app: App) -> None:
    first, given_ = browser.tokens(app, scope=SCOPE)["refresh_token"], set()
    for hours in range(1, 6):
        with wait(hours=hours):
            given_.add(app.refresh(first).json["refresh_token"])
    assert len(given_) == 5
    assert town.events("refresh_token_reused") == []


def test_the_one_that_was_replaced_is_a_theft(any_town: Town) -> None:
    """The thief was faster: what they hold is dead once the holder comes, and shows it."""
    app, browser = any_town.register(), any_town.signed_in()
    first = browser.tokens(app, scope=SCOPE)["refresh_token"]
    stolen = app.refresh(first).json["refresh_token"]
    with wait(minutes=1):
        mine = app.refresh(first).json
        assert app.refresh(stolen).json["error"] == "invalid_grant"
        assert app.refresh(mine["refresh_token"]).json["error"] == "invalid_grant"
        assert app.userinfo(mine["access_token"]).status_code == 401
    assert alarms(any_town, app) == 1


def test_the_thief_who_comes_second_is_found_out_by_the_holder(any_town: Town) -> None:
    """A spent token stolen while its successor has not been used yet: it works until the holder comes."""
    app, browser = any_town.register(), any_town.signed_in()
    first = browser.tokens(app, scope=SCOPE)["refresh_token"]
    mine = app.refresh(first).json["refresh_token"]
    with wait(minutes=1):
        stolen = app.refresh(first).json
        assert app.refresh(mine).json["error"] == "invalid_grant"
        assert app.userinfo(stolen["access_token"]).status_code == 401
    assert alarms(any_town, app) == 1


@pytest.mark.parametrize(("minutes", "status"), [(59, 200), (61, 400)])
def test_a_public_app_without_a_key_has_an_hour(any_town: Town, minutes: int, status: int) -> None:
    """Anybody could show such a token. Later both end, and nobody is accused."""
    app, browser = any_town.register(**PUBLIC), any_town.signed_in()
    first = browser.tokens(app, scope=SCOPE)["refresh_token"]
    second = app.refresh(first).json["refresh_token"]
    with wait(minutes=minutes):
        assert app.refresh(first).status_code == status
        if status == 400:
            assert app.refresh(second).status_code == 400
    assert any_town.events("refresh_token_reused") == []


def test_after_the_successor_has_lain_idle_too_long_neither_works(town: Town, browser: Browser, app: App) -> None:
    first = browser.tokens(app, scope=SCOPE)["refresh_token"]
    second = app.refresh(first).json["refresh_token"]
    with wait(days=15):
        assert (app.refresh(first).status_code, app.refresh(second).status_code) == (400, 400)
    assert town.events("refresh_token_reused") == []


@pytest.mark.parametrize("change", [
    update(Resident).values(state="suspended"), update(Client).values(active=False), update(Grant).values(expires_at=from_ms(0)),
], ids=["resident", "app", "grant"])  # fmt: skip
def test_a_spent_token_gives_nothing_where_the_live_one_would_not(any_town: Town, change: Any) -> None:
    """Also where a grant came about in the moment of the end and no listener has ended it."""
    app, browser = any_town.register(), any_town.signed_in()
    first = browser.tokens(app, scope=SCOPE)["refresh_token"]
    second = app.refresh(first).json["refresh_token"]
    any_town.change(change)
    assert [app.refresh(token).json.get("error") for token in (second, first)] == ["invalid_grant"] * 2


@pytest.mark.parametrize("uses", [1, 2, 3])
def test_a_database_put_back_from_a_backup_accuses_nobody(any_town: Town, uses: int) -> None:
    """Its families are older than the tokens apps hold. Nobody can tell any more who shares a token with whom: the family ends."""
    app, browser = any_town.register(), any_town.signed_in()
    token = app.refresh(browser.tokens(app, scope=SCOPE)["refresh_token"]).json["refresh_token"]
    [row] = any_town.rows(Grant)
    names = ("refresh_digest", "refresh_before", "refresh_count", "refresh_used_at", "refresh_expires_at")
    backup, old = {name: getattr(row, name) for name in names}, token
    for _ in range(uses):
        token = app.refresh(token).json["refresh_token"]
    any_town.change(update(Grant).values(**backup))
    assert app.refresh(token).json["error"] == "invalid_grant"
    assert app.refresh(old).json["error"] == "invalid_grant"
    assert any_town.events("refresh_token_reused") == []


def test_many_at_once_after_an_outage_get_one_successor(any_town: Town) -> None:
    app, browser = any_town.register(), any_town.signed_in()
    first = browser.tokens(app, scope=SCOPE)["refresh_token"]
    app.refresh(first)
    any_town.change(update(Grant).values(refresh_used_at=clock.now() - timedelta(hours=2)))
    start, answers = threading.Barrier(4), list[Any]()

    def use() -> None:
        start.wait()
        answers.append(app.refresh(first))

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [a.status_code for a in answers] == [200] * 4
    assert len({a.json["refresh_token"] for a in answers}) == 1
