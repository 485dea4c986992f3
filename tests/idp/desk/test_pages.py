"""Keys, registration tokens, the record and staff at the desk; the same on the command line."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from idp.foundation import clock
from idp.oidc.clients.model import Client
from idp.oidc.jose.model import SigningKey
from idp.oidc.registration.model import InitialAccessToken
from tests.support.html import text_of
from tests.support.staff import Desk
from tests.support.town import Town


def machi(town: Town, *arguments: str) -> tuple[int, dict[str, Any]]:
    result = town.app.test_cli_runner().invoke(args=["machi", *arguments, "--json"], catch_exceptions=False)
    return result.exit_code, json.loads(result.stdout.splitlines()[-1])


def states(town: Town) -> dict[str, int]:
    rows = [row.state for row in town.rows(SigningKey)]
    return {state: rows.count(state) for state in set(rows)}


def test_keys_are_rotated_step_by_step(town: Town, desk: Desk) -> None:
    assert "Publish new keys" in desk.get("/desk/keys").text
    before = states(town)["signing"]
    assert desk.post("/desk/keys/rotate").location == "/desk/keys?done=published"
    assert states(town)["published"] == before
    page = desk.get("/desk/keys").text
    assert 'data-testid="desk-keys-next"' not in page, "too early"
    assert desk.post("/desk/keys/rotate").location == "/desk/keys?done=waiting"
    with clock.travelled(timedelta(hours=1, seconds=1)):
        desk.sign_in_again()  # an hour is longer than a login at the desk
        assert "Let the new keys sign" in desk.get("/desk/keys").text
        assert desk.post("/desk/keys/rotate").location == "/desk/keys?done=promoted"
    assert states(town) == {"signing": before, "retired": before}
    assert len(town.events("staff_acted")) == 3


def test_a_registration_token_is_shown_once_works_and_ends(town: Town, desk: Desk) -> None:
    page = desk.post("/desk/tokens", {"note": "parks division", "uses": "2", "days": "7"}).text
    token = text_of(page, "desk-token")

    def register() -> int:
        answer = town.app.test_client().post(
            "/register", json={"redirect_uris": ["https://a.example/cb"]}, headers={"Authorization": f"Bearer {token}"}
        )
        return answer.status_code

    assert register() == 201
    listed = desk.get("/desk/tokens").text
    assert "parks division" in listed
    assert token not in listed
    digest = town.rows(InitialAccessToken)[0].token_digest
    assert desk.post("/desk/tokens/end", {"token": digest}).status_code == 303
    assert register() == 401


@pytest.mark.parametrize(
    "form",
    [
        {"note": "", "uses": "1", "days": "7"},
        {"note": "x", "uses": "0", "days": "7"},
        {"note": "x", "uses": "1001", "days": "7"},
        {"note": "x", "uses": "1", "days": "91"},
        {"note": "x", "uses": "①", "days": "7"},
        {"note": "x", "uses": "1" * 5000, "days": "7"},
        {},
    ],
)
def test_a_token_without_bounds(town: Town, desk: Desk, form: dict[str, str]) -> None:
    assert desk.post("/desk/tokens", form).status_code == 400
    assert town.count(InitialAccessToken) == 0


def test_the_record_is_filtered_and_paged(town: Town, desk: Desk) -> None:
    app = town.register()
    resident = town.signed_in()
    resident.tokens(app)
    page = desk.get("/desk/log?type=consent_given").text
    assert page.count('data-testid="desk-log-row"') == 1
    assert app.client_id in page
    assert desk.get(f"/desk/log?app={app.client_id}").text.count('data-testid="desk-log-row"') == 2
    assert "Nothing of this kind" in desk.get("/desk/log?day=2001-01-01").text
    for odd in ("?type=x", "?day=yesterday", "?before=x", "?before=" + "9" * 40, "?app=%00", "?day=9999-12-31"):
        assert desk.get("/desk/log" + odd).status_code == 200, odd
    for _ in range(51):
        desk.post("/desk/tokens/end", {"token": "x"})
        desk.post("/desk/keys/rotate")
    first = desk.get("/desk/log").text
    assert first.count('data-testid="desk-log-row"') == 100
    older = first.split('data-testid="desk-log-older"')[0].rsplit("before=", 1)[1].split('"')[0]
    assert 0 < desk.get(f"/desk/log?before={older}").text.count('data-testid="desk-log-row"') < 100


def test_staff_are_invited_at_the_desk(town: Town, desk: Desk) -> None:
    page = desk.post("/desk/staff", {"name": "試験 次郎", "roles": "registrar"}).text
    link = text_of(page, "desk-link")
    assert link.startswith(f"{town.issuer}/staff/enrol/")
    assert link not in desk.get("/desk/staff").text
    assert Desk(town).get(link.removeprefix(town.issuer)).status_code == 200
    for form in ({"name": "", "roles": "registrar"}, {"name": "x"}, {"name": "x", "roles": "king"}):
        assert desk.post("/desk/staff", form).status_code == 400


def test_every_page_in_both_languages(town: Town) -> None:
    town.register()
    for lang, word in (("ja", "アプリ"), ("en", "Apps")):
        desk = Desk(town, lang)
        assert desk.get("/staff/signin").status_code == 200
        desk.sign_up()
        for path in ("apps", "apps/new", "keys", "tokens", "log", "staff"):
            page = desk.get(f"/desk/{path}")
            assert page.status_code == 200
            assert word in page.text
            assert f'lang="{lang}"' in page.text


def test_the_first_administrator_comes_from_the_command_line(town: Town) -> None:
    code, facts = machi(town, "staff", "invite", "--name", "見本 花子", "--role", "administrator")
    assert code == 0
    desk = Desk(town)
    path = facts["link"].removeprefix(town.issuer)
    options = desk.post_json(f"{path}/options", {}).json
    assert desk.post_json(path, desk.authenticator.create(options)).status_code == 201
    assert desk.get("/desk/apps").status_code == 200
    assert machi(town, "staff", "list")[1]["staff"][0]["roles"] == ["administrator"]
    assert machi(town, "staff", "end", facts["staff_id"])[0] == 1, "the last one stays"
    assert machi(town, "staff", "invite", "--name", "x")[0] == 1
    assert machi(town, "staff", "invite", "--again", "nobody")[0] == 1


def test_apps_on_the_command_line(town: Town) -> None:
    app = town.register()
    code, facts = machi(town, "clients", "show", app.client_id)
    assert (code, facts["active"]) == (0, True)
    code, facts = machi(
        town, "clients", "edit", app.client_id, "--metadata", '{"client_name#en":"P"}', "--skip-consent"
    )
    assert (code, facts["metadata"]["client_name#en"]) == (0, "P")
    assert town.rows(Client, Client.client_id == app.client_id)[0].skip_consent
    code, facts = machi(town, "clients", "edit", app.client_id, "--metadata", '{"logo_uri":"x","default_max_age":"y"}')
    assert code == 1
    assert "logo_uri" in facts["error"]
    assert "default_max_age" in facts["error"]
    code, facts = machi(town, "clients", "rotate-secret", app.client_id)
    assert (code, len(facts["client_secret"])) == (0, 43)
    assert machi(town, "clients", "end", app.client_id)[0] == 0
    assert machi(town, "clients", "resume", app.client_id)[1]["active"] is True
    switched = [json.loads(event.facts) for event in town.events("client_switched")]
    assert switched == [{"by": "command_line", "active": 0}, {"by": "command_line", "active": 1}]
    for command in ("show", "edit", "rotate-secret", "end", "resume"):
        assert machi(town, "clients", command, "nobody")[0] == 1
