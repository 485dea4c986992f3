"""Pairwise subjects (OIDC Core §8): a department learns a number of its own for a resident, and no other's."""

from __future__ import annotations

import json
import re

import pytest

from idp.foundation.driver import find_all
from idp.oidc.access.apps import resolve_subject
from idp.oidc.clients.model import Client
from idp.residents.model import Resident, SubjectIdentifier
from idp.residents.subjects import asks_residents_of
from tests.support.apps import App
from tests.support.browser import Browser, callback
from tests.support.town import Town


def sub(browser: Browser, app: App) -> str:
    return str(app.id_token(browser.tokens(app)["id_token"])["sub"])


def test_each_department_has_its_own(any_town: Town) -> None:
    browser = any_town.signed_in()
    first, second = any_town.register(), any_town.register()
    subs = {sub(browser, first), sub(browser, second)}
    assert len(subs) == 2
    resident = any_town.rows(Resident)[0]
    for value in subs:
        assert re.fullmatch(r"[a-z2-7]{32}", value)
        assert value not in (resident.resident_id, resident.unified_id)


def test_it_stays_the_same(any_town: Town) -> None:
    browser, app = any_town.signed_in(), any_town.register()
    before = sub(browser, app)
    body = browser.tokens(app)
    assert app.userinfo(body["access_token"]).json["sub"] == before
    again = any_town.browser()
    again.sign_in(any_town.resident())
    assert sub(again, app) == before
    assert app.id_token(app.refresh(body["refresh_token"]).json["id_token"])["sub"] == before


def test_it_differs_between_people(town: Town, app: App) -> None:
    assert sub(town.signed_in("hanako"), app) != sub(town.signed_in("taro"), app)


def test_apps_of_one_host_share_a_sector(town: Town, browser: Browser) -> None:
    uris = [{"redirect_uris": [f"https://dept.example/{n}"]} for n in (1, 2)]
    assert sub(browser, town.register(**uris[0])) == sub(browser, town.register(**uris[1]))


def test_native_apps_do_not_share_a_sector(town: Town, browser: Browser) -> None:
    """A loopback address or an own scheme proves nobody: any app could register the same."""
    for uri in ("http://127.0.0.1/cb", "http://localhost/cb", "jp.example.app:/cb"):
        native = {"application_type": "native", "redirect_uris": [uri]}
        assert sub(browser, town.register(**native)) != sub(browser, town.register(**native))


def test_a_native_app_cannot_borrow_a_web_apps_sector(town: Town) -> None:
    from idp.oidc.client_metadata.metadata import MetadataError

    town.register(redirect_uris=["https://kodomo.example/cb"])
    with pytest.raises(MetadataError, match="several hosts"):
        town.register(application_type="native", redirect_uris=["https://kodomo.example/cb", "http://127.0.0.1/cb"])


def test_a_token_of_one_department_tells_nothing_of_another(town: Town, browser: Browser) -> None:
    mine, other = town.register(), town.register()
    foreign_sub = sub(browser, other)
    body = browser.tokens(mine)
    everything = json.dumps([body, mine.id_token(body["id_token"]), mine.userinfo(body["access_token"]).json])
    everything += json.dumps(mine.introspect(body["access_token"]))
    assert foreign_sub not in everything
    resident = town.rows(Resident)[0]
    assert resident.resident_id not in everything
    assert str(resident.unified_id) not in everything
    # Nor can it be asked after.
    wanted = json.dumps({"id_token": {"sub": {"value": foreign_sub}}})
    assert callback(browser.authorize(mine, claims=wanted, prompt="none"))["error"] == "login_required"
    with town.parts.database.read() as session:
        assert resolve_subject(session, mine.client_id, foreign_sub) is None
        assert resolve_subject(session, other.client_id, foreign_sub) == resident.resident_id
        assert resolve_subject(session, "unknown", foreign_sub) is None
        sectors = {row.client_id: row.sector for row in town.rows(Client)}
        asked = [sectors[mine.client_id], "unknown", sectors[other.client_id]]
        answers = find_all(session, [asks_residents_of({foreign_sub, "nobody"}, sector) for sector in asked])
        assert [list(map(tuple, rows)) for rows in answers] == [[], [], [(foreign_sub, resident.resident_id)]]


def test_it_is_stored_not_derived(town: Town, browser: Browser, app: App) -> None:
    value = sub(browser, app)
    assert [row.sub for row in town.rows(SubjectIdentifier)] == [value]
