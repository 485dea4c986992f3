"""Apps at the desk: register, edit, secrets with overlap, off and on, use."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest

from idp.desk.metadata_fields import NOT_HERE, metadata_fields
from idp.desk.metadata_texts import TEXTS
from idp.foundation import clock
from idp.oidc.client_metadata import metadata as rules
from idp.oidc.clients.model import Client
from tests.support.apps import App
from tests.support.html import hidden_fields, text_of
from tests.support.staff import Desk
from tests.support.town import Town

NEW: dict[str, Any] = {
    "client_id": "parks",
    "event_source": "https://parks.mihon.example",
    "may_use_local_numbers": "true",
    "client_name#ja": "みほん市 公園",
    "client_name#en": "Mihon City Parks",
    "redirect_uris": "https://parks.example/callback\nhttps://parks.example/second",
    "grant_types": ["authorization_code", "client_credentials"],
    "scope": ["openid", "profile", "case:write"],
    "require_auth_time": "true",
    "default_max_age": "3600",
    "jwks": "",
}


def row(town: Town, client_id: str) -> Client:
    found: Client = town.rows(Client, Client.client_id == client_id)[0]
    return found


def shown_form(page: str) -> dict[str, Any]:
    """What the form would send as it is shown."""
    form: dict[str, Any] = dict(hidden_fields(page))
    for name, value in re.findall(r'<input class="input" id="m-[^"]+" name="([^"]+)" value="([^"]*)"', page):
        form[name] = value
    for name, value in re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>([^<]*)</textarea>', page):
        form[name] = value.replace("&#34;", '"')
    for name, inside in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'<option(?: value="([^"]*)")? selected>([^<]*)', inside)
        form[name] = (chosen.group(1) or chosen.group(2)) if chosen else ""
    for name, value in re.findall(r'<input type="checkbox" name="([^"]+)" value="([^"]+)" checked>', page):
        form.setdefault(name, []).append(value)
    return form


def test_every_member_that_registration_checks_has_a_field_and_an_explanation(town: Town) -> None:
    fields = [member for section in metadata_fields(town.settings).values() for member in section]
    shown = {member.base for member in fields}
    assert shown == set(rules._CHECKS) - NOT_HERE
    assert shown - set(TEXTS) == set()
    assert [m.name for m in fields if m.kind == "json"] == ["jwks"], "a check that the form does not know a field for"


def test_an_app_is_registered_and_works(town: Town, desk: Desk) -> None:
    answer = desk.post("/desk/apps/new", NEW)
    assert answer.status_code == 200
    secret = text_of(answer.text, "desk-secret")
    assert len(secret) == 43
    assert answer.headers["Cache-Control"] == "no-store"
    stored = row(town, "parks")
    assert stored.event_source == "https://parks.mihon.example"
    assert stored.may_use_local_numbers
    assert not stored.skip_consent
    app = App(town, "parks", secret, {"redirect_uris": ["https://parks.example/callback"]})
    assert town.signed_in().tokens(app)["id_token"]
    assert secret not in desk.get("/desk/apps/parks").text


def test_what_is_wrong_stands_beside_its_field_all_at_once_and_nothing_is_stored(town: Town, desk: Desk) -> None:
    wrong = NEW | {
        "client_id": "p",
        "redirect_uris": "http://parks.example/callback",
        "default_max_age": "soon",
        "jwks": "{",
        "logo_uri": "http://parks.example/logo.png",
        "token_endpoint_auth_method": "password",
    }
    answer = desk.post("/desk/apps/new", wrong)
    assert answer.status_code == 422
    for name in ("client_id", "redirect_uris", "default_max_age", "jwks", "logo_uri", "token_endpoint_auth_method"):
        assert f'id="m-{name}-error"' in answer.text, name
    assert "Mihon City Parks" in answer.text, "what was entered is kept"
    assert town.count(Client) == 0


def test_the_rules_are_said_in_japanese(town: Town) -> None:
    desk = Desk(town, "ja")
    desk.sign_up()
    page = desk.post("/desk/apps/new", NEW | {"default_max_age": "soon", "logo_uri": "http://x.example/"}).text
    assert "秒数にしてください" in page
    assert "httpsのアドレスにしてください" in page
    page = desk.post("/desk/apps/new", NEW | {"request_object_encryption_alg": "ECDH-ES"}).text
    assert "中身には署名が必要なため" in page
    page = desk.post("/desk/apps/new", NEW | {"request_object_encryption_enc": "A256GCM"}).text
    assert "request_object_encryption_algと組みです" in page


def test_saving_the_form_as_it_is_shown_changes_nothing(town: Town, desk: Desk) -> None:
    desk.post("/desk/apps/new", NEW)
    before = row(town, "parks")
    answer = desk.post("/desk/apps/parks/edit", shown_form(desk.get("/desk/apps/parks/edit").text))
    assert answer.location == "/desk/apps/parks?done=changed"
    after = row(town, "parks")
    assert json.loads(after.metadata_json) == json.loads(before.metadata_json)
    assert (after.event_source, after.may_use_local_numbers) == (before.event_source, True)
    assert after.secret_digest == before.secret_digest


def test_an_edit_counts(town: Town, desk: Desk) -> None:
    app = town.register()
    form = shown_form(desk.get(f"/desk/apps/{app.client_id}/edit").text)
    changed = form | {"skip_consent": "true", "client_name#ja": "別の名前"}
    assert desk.post(f"/desk/apps/{app.client_id}/edit", changed).status_code == 303
    assert "code" in town.signed_in().sign_on(app), "no consent page any more"
    assert "別の名前" in desk.get(f"/desk/apps/{app.client_id}").text
    assert [e.client_id for e in town.events("client_changed")] == [app.client_id]


def test_an_app_moves_to_another_host_and_nobody_becomes_a_stranger(town: Town, desk: Desk) -> None:
    """Nor does whoever gets the old host come to know its residents, unless the city says so."""
    app = town.register(redirect_uris=["https://old.example/cb"])
    known = app.id_token(town.signed_in().tokens(app)["id_token"])["sub"]
    path = f"/desk/apps/{app.client_id}/edit"
    form = shown_form(desk.get(path).text)
    assert desk.post(path, form | {"redirect_uris": "https://new.example/cb"}).status_code == 303
    moved = App(town, app.client_id, app.secret, {**app.metadata, "redirect_uris": ["https://new.example/cb"]})
    assert app.id_token(town.signed_in().tokens(moved)["id_token"])["sub"] == known
    assert "host:old.example" in desk.get(f"/desk/apps/{app.client_id}").text

    successor = NEW | {"redirect_uris": "https://old.example/other"}
    answer = desk.post("/desk/apps/new", successor)
    assert answer.status_code == 422
    assert 'id="m-sector-error"' in answer.text
    assert desk.post("/desk/apps/new", successor | {"sector": "own"}).status_code == 200
    assert row(town, "parks").sector == "client:parks"


def test_the_city_says_which_sector(town: Town, desk: Desk) -> None:
    first = town.register(redirect_uris=["https://dept.example/cb"])
    assert desk.post("/desk/apps/new", NEW | {"sector": "host:DEPT.example."}).status_code == 200
    assert row(town, "parks").sector == row(town, first.client_id).sector == "host:dept.example"
    town.signed_in().tokens(first)
    form = shown_form(desk.get("/desk/apps/parks/edit").text)
    assert desk.post("/desk/apps/parks/edit", form).status_code == 303, "what is not said stays"
    assert row(town, "parks").sector == "host:dept.example"
    answer = desk.post("/desk/apps/parks/edit", form | {"sector": "own"})
    assert answer.status_code == 422, "residents are known in the one it has"
    assert 'id="m-sector-error"' in answer.text
    for wrong in (
        "dept.example",
        "host:https://dept.example",
        "host:dept.example:443",
        "host:127.1",
        "client:nobody",
        "host:",
    ):
        assert desk.post("/desk/apps/new", NEW | {"client_id": "x-1", "sector": wrong}).status_code == 422, wrong


def test_two_apps_cannot_have_one_event_source(town: Town, desk: Desk) -> None:
    desk.post("/desk/apps/new", NEW)
    other = NEW | {"client_id": "roads", "redirect_uris": "https://roads.example/cb"}
    answer = desk.post("/desk/apps/new", other)
    assert answer.status_code == 422
    assert 'id="m-event_source-error"' in answer.text


def test_a_new_secret_and_the_overlap(town: Town, desk: Desk) -> None:
    app = town.register(grant_types=["client_credentials"], scope="case:write")
    page = desk.post(f"/desk/apps/{app.client_id}/secret", {"days": "7"}).text
    fresh = App(town, app.client_id, text_of(page, "desk-secret"), app.metadata)
    assert fresh.secret != app.secret

    def works(which: App) -> bool:
        answer = town.app.test_client().post(
            "/token", data={"grant_type": "client_credentials"}, auth=(which.client_id, str(which.secret))
        )
        return bool(answer.status_code == 200)

    assert works(fresh)
    assert works(app)
    with clock.travelled(timedelta(days=7, seconds=1)):
        assert works(fresh)
        assert not works(app)
    newest = App(
        town,
        app.client_id,
        text_of(desk.post(f"/desk/apps/{app.client_id}/secret", {"days": "0"}).text, "desk-secret"),
        app.metadata,
    )
    assert works(newest)
    assert not works(fresh), "at once"
    assert not works(app), "a former one does not come back"


@pytest.mark.parametrize("days", ["", "-1", "31", "7.5", "x", "365"])
def test_an_overlap_that_cannot_be(town: Town, desk: Desk, days: str) -> None:
    app = town.register()
    assert desk.post(f"/desk/apps/{app.client_id}/secret", {"days": days}).status_code == 400


def test_an_app_without_a_secret_gets_none(town: Town, desk: Desk) -> None:
    app = town.register(token_endpoint_auth_method="none")
    assert desk.post(f"/desk/apps/{app.client_id}/secret", {"days": "7"}).status_code == 409
    assert row(town, app.client_id).secret_digest is None


def test_off_and_on(town: Town, desk: Desk) -> None:
    app = town.register()
    browser = town.signed_in()
    browser.tokens(app)
    assert "Nothing is deleted" in desk.get(f"/desk/apps/{app.client_id}/switch").text
    assert desk.post(f"/desk/apps/{app.client_id}/switch", {"active": "false"}).status_code == 303
    assert browser.authorize(app).status_code == 400
    assert desk.post(f"/desk/apps/{app.client_id}/switch", {"active": "true"}).status_code == 303
    assert "code" in browser.sign_on(app)


def test_use_is_counted_by_day(town: Town, desk: Desk) -> None:
    used, idle = town.register(client_name="used"), town.register(client_name="idle")
    browser = town.signed_in()
    browser.tokens(used)
    browser.tokens(used)
    page = desk.get("/desk/apps").text
    assert page.index(used.client_id) < page.index(idle.client_id), "those in use stand first"
    first = re.search(r'desk-app-row.*?class="number">(\d+)<.*?class="number">(\d+)<', page, re.DOTALL)
    assert first is not None
    assert first.groups() == ("2", "2")
    bars = re.findall(r'class="use-bar" y="(\d+)"', desk.get(f"/desk/apps/{used.client_id}").text)
    assert bars == ["64"] * 13 + ["0"], "two weeks; today's bar is full"


def test_an_unknown_app(desk: Desk) -> None:
    for path in ("/desk/apps/nobody", "/desk/apps/nobody/edit", "/desk/apps/%00", "/desk/apps/nobody/switch"):
        assert desk.get(path).status_code == 404
    assert desk.post("/desk/apps/nobody/secret", {"days": "0"}).status_code == 404


def test_what_an_app_calls_itself_is_text(town: Town, desk: Desk) -> None:
    app = town.register(client_name="<script>alert(1)</script>")
    for path in ("/desk/apps", f"/desk/apps/{app.client_id}", f"/desk/apps/{app.client_id}/edit"):
        assert "<script>alert" not in desk.get(path).text
