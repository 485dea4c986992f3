"""What the city allows an app, at the desk: the same policy as the command line's, explained, checked and on the record."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest

from idp.oidc.policy.model import ClientPolicy, ResourceIndicator
from idp.oidc.policy.policy import CityPolicy, load_policy, set_policy
from idp.staff.roles import Role
from tests.idp.desk.test_apps import shown_form
from tests.support.apps import App
from tests.support.staff import Desk
from tests.support.town import Town

TAX = "https://tax.example/api"
ROADS = "https://roads.example/api"
SCHEMA = {"type": "object", "properties": {"year": {"type": "integer"}}, "required": ["year"]}
WHOLE: dict[str, Any] = {
    "unified_id_hints": "true",
    "api_name": [TAX, TAX, ""],
    "api_detail": ["tax:read", "tax:write", ""],
    "api_ja": ["税の情報を見る", "税の情報を直す", ""],
    "api_en": ["See your tax records", "Correct your tax records", ""],
    "may_request": [f"{ROADS} roads:read"],
    "may_exchange": [f"{ROADS} roads:read"],
    "type_name": ["certificate"],
    "type_detail": [json.dumps(SCHEMA)],
    "type_ja": ["{year}年度の証明書"],
    "type_en": ["Certificates of {year}"],
    "itself": ["case:write", "notice:write"],
    "resident": ["openid", "profile"],
}


def policy(town: Town, app: App) -> dict[str, Any]:
    with town.parts.database.read() as session:
        return load_policy(session, app.client_id).model_dump(mode="json", by_alias=True, exclude_defaults=True)


def give(town: Town, app: App, **given: Any) -> None:
    with town.app.app_context(), town.writing() as session:
        set_policy(session, app.client_id, given, "test")


@pytest.fixture
def roads(town: Town) -> App:
    """Another department, with an API."""
    roads = town.register(client_name="roads")
    give(town, roads, resource_indicators={ROADS: {"roads:read": {"ja": "道路の申請を見る", "en": "See road permits"}}})
    return roads


def address(app: App) -> str:
    return f"/desk/apps/{app.client_id}/policy"


def test_everything_is_set_shown_and_on_the_record(town: Town, desk: Desk, roads: App) -> None:
    app = town.register()
    assert "What the city allows" in desk.get(f"/desk/apps/{app.client_id}").text
    answer = desk.post(address(app), WHOLE)
    assert answer.location == f"/desk/apps/{app.client_id}?done=policy"
    held = policy(town, app)
    texts = {"ja": "税の情報を見る", "en": "See your tax records"}
    assert held == {
        "unified_id_hints": True,
        "resource_indicators": {
            TAX: {
                "tax:read": texts,
                "tax:write": {"ja": "税の情報を直す", "en": "Correct your tax records"},
            }
        },
        "may_request": {ROADS: ["roads:read"]},
        "may_exchange": {ROADS: ["roads:read"]},
        "authorization_details_types": {
            "certificate": {
                "schema": SCHEMA,
                "consent": {"ja": "{year}年度の証明書", "en": "Certificates of {year}"},
            }
        },
        "assertions": {"itself": ["case:write", "notice:write"], "resident": ["openid", "profile"]},
    }
    assert town.rows(ResourceIndicator, ResourceIndicator.resource == TAX)[0].client_id == app.client_id
    (event,) = [e for e in town.events("client_policy_set") if e.client_id == app.client_id]
    (staff_id,) = {json.loads(e.facts)["staff"] for e in town.events("staff_signed_in")} or {None}
    assert json.loads(event.facts)["by"] == staff_id


def test_the_same_as_on_the_command_line(town: Town, desk: Desk, roads: App) -> None:
    app, run = town.register(), town.app.test_cli_runner()
    desk.post(address(app), WHOLE)
    shown = run.invoke(args=["machi", "clients", "policy", app.client_id, "--json"])
    assert CityPolicy.model_validate(json.loads(shown.output)["policy"]).unified_id_hints


def whole_form(page: str) -> dict[str, Any]:
    """What the form would send as it is shown: columns are lists."""
    form = shown_form(page)
    cell = r'<(?:input|textarea) class="input" id="p-[^"]+" name="(\w+)"(?: value="([^"]*)"|[^>]*>([^<]*)</textarea>)'
    columns: dict[str, list[str]] = {}
    for name, value, text in re.findall(cell, page):
        columns.setdefault(name, []).append(html.unescape(value or text))
    return form | columns


def test_saving_the_form_as_it_is_shown_changes_nothing(town: Town, desk: Desk, roads: App) -> None:
    app = town.register()
    desk.post(address(app), WHOLE)
    before = policy(town, app)
    assert desk.post(address(app), whole_form(desk.get(address(app)).text)).status_code == 303
    assert policy(town, app) == before


def test_what_is_cleared_is_gone(town: Town, desk: Desk, roads: App) -> None:
    app = town.register()
    desk.post(address(app), WHOLE)
    assert desk.post(address(app), {}).status_code == 303
    assert policy(town, app) == {}
    assert town.count(ResourceIndicator, ResourceIndicator.client_id == app.client_id) == 0


def test_a_permission_for_an_api_that_is_gone_stays_in_sight(town: Town, desk: Desk, roads: App) -> None:
    app = town.register()
    desk.post(address(app), WHOLE)
    give(town, roads)
    page = desk.get(address(app)).text
    assert "nobody's at present" in page
    assert desk.post(address(app), whole_form(page)).status_code == 303
    assert policy(town, app)["may_request"] == {ROADS: ["roads:read"]}


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "http": (
        {"api_name": ["http://tax.example/api", TAX]},
        "Web address: an https address without fragment is needed",
        "アドレス: フラグメントのないhttpsのアドレスにしてください",
    ),
    "fragment": (
        {"api_name": [TAX + "#x", TAX]},
        "Web address: an https address without fragment is needed",
        "アドレス: フラグメントのないhttpsのアドレスにしてください",
    ),
    "our scope": (
        {"api_detail": ["openid", "tax:write"]},
        "Scope: not a name for a scope, or one of ours",
        "スコープ: スコープの名前として使えないか、このサービスのスコープです",
    ),
    "no text": ({"api_ja": ["", "x"]}, "Text in Japanese: must not be empty", "日本語の文: 空にはできません"),
    "long text": (
        {"api_en": ["x" * 501, "x"]},
        "Text in English: is too long",
        "英語の文: 長すぎます",
    ),
    "twice": ({"api_detail": ["tax:read", "tax:read"]}, "Web address: is named twice", "アドレス: 2回書かれています"),
    "another's": ({"api_name": [ROADS, TAX]}, "Web address: is another app&#39;s", "アドレス: ほかのアプリのものです"),
    "ours": (
        {"api_name": ["https://id.mihon.example/api/v1", TAX]},
        "Web address: is the provider&#39;s",
        "アドレス: このサービス自身のものです",
    ),
    "not json": ({"type_detail": ["{"]}, "Schema: is not a JSON object", "スキーマ: JSONオブジェクトではありません"),
    "keyword": (
        {"type_detail": ['{"type": "object", "$ref": "https://x.example"}']},
        "unknown keyword $ref",
        "使えないキーワードです: $ref",
    ),
    "slow pattern": (
        {"type_detail": ['{"type": "object", "properties": {"a": {"type": "string", "pattern": "(a+)+$"}}}']},
        "pattern is too long or too complicated",
        "パターンが長すぎるか複雑すぎます",
    ),
    "unsaid": (
        {"type_en": ["Certificates"]},
        "a text does not say {year}",
        "文に {year} がありません",
    ),
    "type name": (
        {"type_name": ["two words"]},
        "Type: takes letters, digits and . _ : / - only, at most 100",
        "種類: 使えるのは英数字と . _ : / - で、100文字までです",
    ),
    "not offered": (
        {"may_request": ["https://x.example/api x"]},
        "is not one of the choices",
        "選択肢にないものです",
    ),
    "exchange not offered": (
        {"may_exchange": [f"{ROADS} roads:write"]},
        "is not one of the choices",
        "選択肢にないものです",
    ),
    "own api": ({"may_request": [f"{TAX} tax:read"]}, "is not one of the choices", "選択肢にないものです"),
    "assertion": ({"itself": ["openid"]}, "is not one of the choices", "選択肢にないものです"),
    "resident": ({"resident": ["case:write"]}, "is not one of the choices", "選択肢にないものです"),
    "too many": (
        {
            "api_name": [f"https://tax.example/{n}" for n in range(21)],
            "api_detail": ["read"] * 21,
            "api_ja": ["x"] * 21,
            "api_en": ["x"] * 21,
        },
        "at most 20 are possible",
        "20件までです",
    ),
}


@pytest.mark.parametrize("case", list(WRONG))
def test_what_is_wrong_is_said_in_both_languages_and_nothing_is_stored(case: str, crowded: Crowded) -> None:
    changes, english, japanese = WRONG[case]
    for desk, text in ((crowded.english, english), (crowded.japanese, japanese)):
        answer = desk.post(address(crowded.app), WHOLE | changes)
        assert answer.status_code == 422
        assert text in answer.text
        assert 'data-testid="desk-problem"' in answer.text
        assert 'data-testid="desk-problems"' in answer.text
    assert policy(crowded.town, crowded.app) == {}


class Crowded:
    """One town for the wrong forms: two administrators, an app, and a department with an API."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.app = town.register()
        self.english, self.japanese = Desk(town), Desk(town, "ja")
        self.english.sign_up()
        self.japanese.sign_up()
        roads = town.register()
        give(town, roads, resource_indicators={ROADS: {"roads:read": {"ja": "見る", "en": "See"}}})


@pytest.fixture(scope="module")
def crowded(template: Any) -> Any:
    from tests.conftest import sqlite_copy

    with sqlite_copy(template[0]) as url, Town(url, issuer="https://id.mihon.example") as town:
        yield Crowded(town)


def test_what_was_entered_is_kept_and_marked(crowded: Crowded) -> None:
    page = crowded.english.post(address(crowded.app), WHOLE | {"api_ja": ["", "x"]}).text
    assert "Correct your tax records" in page
    assert "Certificates of {year}" in page
    assert page.count('aria-invalid="true"') == 4  # the fields of the one row


def test_nobody_but_an_administrator(town: Town, desk: Desk) -> None:
    app = town.register()
    registrar, nobody, resident = Desk(town), Desk(town), town.signed_in()
    registrar.sign_up(Role.REGISTRAR)
    for browser, reading, writing in ((registrar, 403, 403), (nobody, 303, 401), (resident, 303, 401)):
        assert browser.get(address(app)).status_code == reading
        assert browser.post(address(app), {"unified_id_hints": "true"}).status_code == writing
    assert town.count(ClientPolicy) == 0


def test_a_form_of_another_site(town: Town, desk: Desk) -> None:
    app = town.register()
    form = {"unified_id_hints": "true"}
    assert desk.post(address(app), form | {"csrf_token": ""}).status_code == 400
    assert desk.post(address(app), form | {"csrf_token": town.signed_in().csrf}).status_code == 400
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert desk.post(address(app), form, headers=foreign).status_code == 400
    assert town.count(ClientPolicy) == 0


def test_an_unknown_app(desk: Desk) -> None:
    for path in ("/desk/apps/nobody/policy", "/desk/apps/%00/policy"):
        assert desk.get(path).status_code == 404
        assert desk.post(path, {}).status_code == 404


def test_what_is_entered_is_text(town: Town, desk: Desk) -> None:
    app = town.register()
    script = "<script>alert(1)</script>"
    names = ("api_name", "api_detail", "api_ja", "api_en", "type_name", "type_detail", "type_ja", "type_en")
    page = desk.post(address(app), {name: [script] for name in names} | {"may_request": [script]})
    assert page.status_code == 422
    assert "<script>alert" not in page.text
