"""The command line, in both tongues: text for people, `--json` for machines; wrong input ends with 1 and one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from alembic import command
from click.testing import Result

from idp.foundation import clock
from idp.foundation.schema import alembic_config
from idp.oidc.clients.model import Client
from idp.oidc.jose.keys import SETTLE
from idp.oidc.jose.model import SigningKey
from idp.oidc.server.provider import provider
from tests.support.town import Town

Machi = Callable[..., Result]

METADATA = {"client_name": "Library", "redirect_uris": ["https://library.example/callback"]}


@pytest.fixture
def machi(town: Town) -> Machi:
    """Run a command in the town."""
    return lambda *arguments, **more: town.app.test_cli_runner().invoke(args=["machi", *arguments], **more)


def facts(result: Result) -> dict[str, Any]:
    """The one JSON object of a `--json` answer."""
    found: dict[str, Any] = json.loads(result.stdout.strip().splitlines()[-1])
    return found


def test_init_can_be_run_again(machi: Machi, town: Town) -> None:
    keys = town.count(SigningKey)
    command.stamp(alembic_config(town.settings.database_url), "head")  # the test's schema was not made by migrations
    for _ in range(2):
        assert machi("init").exit_code == 0
    assert town.count(SigningKey) == keys


def test_secret_gives_a_usable_key(machi: Machi) -> None:
    first, second = (facts(machi("secret", "--json"))["secret_key"] for _ in range(2))
    assert first != second
    assert len(first) == 44


def test_register_an_app_and_see_its_secret_once(machi: Machi, town: Town) -> None:
    done = facts(machi("clients", "register", "--metadata", json.dumps(METADATA), "--client-id", "library", "--json"))
    assert done["client_id"] == "library"
    assert len(done["client_secret"]) >= 43
    listed = machi("clients", "list", "--json")
    assert done["client_secret"] not in listed.stdout
    assert [c["client_id"] for c in facts(listed)["clients"]] == ["library"]


def test_metadata_from_standard_input(machi: Machi) -> None:
    result = machi("clients", "register", "--metadata", "-", "--json", input=json.dumps(METADATA))
    assert result.exit_code == 0
    assert facts(result)["metadata"]["client_name"] == "Library"


@pytest.mark.parametrize(
    ("metadata", "says"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ('{"redirect_uris": ["http://library.example/cb"]}', "redirect_uris"),
        ('{"redirect_uris": ["https://library.example/cb#x"]}', "redirect_uris"),
        ('{"client_name": "x"}', "redirect_uris"),
    ],
)
def test_wrong_metadata_registers_nothing(machi: Machi, town: Town, metadata: str, says: str) -> None:
    result = machi("clients", "register", "--metadata", metadata)
    assert result.exit_code == 1
    assert says in result.stderr
    assert "Traceback" not in result.output
    assert town.count(Client) == 0


def test_an_id_is_taken_once(machi: Machi) -> None:
    arguments = ("clients", "register", "--metadata", json.dumps(METADATA), "--client-id", "library")
    assert machi(*arguments).exit_code == 0
    again = machi(*arguments)
    assert again.exit_code == 1
    assert "taken" in again.stderr


def test_an_ended_app_is_refused_at_once(machi: Machi, town: Town) -> None:
    app = town.register()
    browser = town.signed_in()
    assert browser.sign_on(app)["code"]
    assert machi("clients", "end", app.client_id).exit_code == 0
    provider(town.app).clients.forget(app.client_id)
    answer = browser.authorize(app)
    assert answer.status_code == 400
    assert machi("clients", "end", "nobody").exit_code == 1


def test_an_initial_access_token_registers_an_app(machi: Machi, town: Town) -> None:
    token = facts(machi("clients", "initial-access-token", "--note", "library", "--json"))["initial_access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    answer = town.app.test_client().post("/register", json=METADATA, headers=headers)
    assert answer.status_code == 201
    assert town.app.test_client().post("/register", json=METADATA, headers=headers).status_code == 401


def test_keys_rotate_in_steps(machi: Machi, town: Town) -> None:
    assert {s["did"] for s in facts(machi("keys", "rotate", "--json"))["steps"]} == {"published"}
    assert {s["did"] for s in facts(machi("keys", "rotate", "--json"))["steps"]} == {"waiting"}
    with clock.travelled(SETTLE + timedelta(seconds=5)):
        assert {s["did"] for s in facts(machi("keys", "rotate", "--json"))["steps"]} == {"promoted"}


def test_a_leaked_key_is_withdrawn_at_once(machi: Machi, town: Town) -> None:
    app = town.register()
    tokens = app.redeem(town.signed_in().code(app)).json
    kid = jwt.get_unverified_header(tokens["access_token"])["kid"]
    assert "rotate --now" in machi("keys", "withdraw", kid).output  # it still signs
    assert app.userinfo(tokens["access_token"]).status_code == 200
    machi("keys", "rotate", "--now")
    assert machi("keys", "withdraw", kid).exit_code == 0
    town.op.keys._read_at = -1e9  # ten seconds later
    assert app.userinfo(tokens["access_token"]).status_code == 401
    assert kid not in {key["kid"] for key in town.app.test_client().get("/jwks").json["keys"]}
    assert len(town.events("key_withdrawn")) == 1
    assert app.refresh(tokens["refresh_token"]).status_code == 200  # the residents stay signed in: these are not signed
    assert machi("keys", "withdraw", kid).exit_code == 1


@pytest.mark.parametrize("kid", ["-" + "a" * 42, "--" + "b" * 41], ids=["one-hyphen", "two-hyphens"])
def test_a_key_id_that_looks_like_an_option(machi: Machi, kid: str) -> None:
    """Every 64th does."""
    for words in (("keys", "withdraw", kid), ("keys", "withdraw", "--json", kid)):
        result = machi(*words)
        assert (result.exit_code, "No key has this kid" in result.output) == (1, True)


def test_import_the_register_and_see_what_was_refused(machi: Machi, tmp_path: Path) -> None:
    file = tmp_path / "register.csv"
    file.write_text(
        "local_number,name,kana,birth_date,sex,address\n"
        "0000010011,見本 花子,ミホン ハナコ,1989-04-12,2,見本県みほん市中央一丁目2番3号\n"
        "0000010022,例示 太郎,レイジ タロウ,1957-13-30,1,見本県みほん市北町三丁目10番5号\n",
        encoding="utf-8",
    )
    report = facts(machi("residents", "import", str(file), "--json"))
    assert (report["added"], [r["line"] for r in report["refused"]]) == (1, [3])
    assert "birth_date" in report["refused"][0]["reason"]
    assert facts(machi("residents", "import", str(file), "--json"))["same"] == 1


def test_a_file_that_is_no_register(machi: Machi, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00")
    for name, says in (("a.csv", "missing columns"), ("b.csv", "UTF-8")):
        result = machi("residents", "import", str(tmp_path / name))
        assert result.exit_code == 1
        assert says in result.stderr


def test_create_a_resident_who_starts_with_a_code(machi: Machi, town: Town) -> None:
    result = machi(
        "residents", "create", "--local-number", "0000010033", "--name", "仮名 みどり", "--kana", "カリナ ミドリ",
        "--birth-date", "1996-02-29", "--sex", "2", "--address", "見本県みほん市港二丁目7番1号", "--json",
    )  # fmt: skip
    code = facts(result)["activation_code"]
    browser = town.browser()
    attempt = browser.get("/signin?next=/my/").location
    answer = browser.post(f"{attempt}/code", {"code": code, "birth_date": "1996-02-29"})
    assert answer.location.endswith("/welcome")
    assert machi("residents", "activation-code", "--local-number", "999").exit_code == 1


def test_codes_of_a_resident_are_listed_without_saying_them(machi: Machi, town: Town) -> None:
    code, browser = town.activation_code("hanako", "post"), town.browser()
    attempt = browser.get("/signin").location
    for _ in range(town.settings.activation_wrong_dates):
        browser.post(f"{attempt}/code", {"code": code, "birth_date": "1989-04-13"})
    arguments = ("residents", "activation-codes", "--local-number", "0000010011")
    [row] = facts(machi(*arguments, "--json"))["activation_codes"]
    assert (row["channel"], row["state"], row["wrong_dates"]) == ("post", "void", 5)
    shown = machi(*arguments).stdout
    assert "post  void  wrong dates 5" in shown
    assert code not in shown
    assert machi("residents", "activation-codes", "--local-number", "999").exit_code == 1
    town.import_people("taro")
    assert machi("residents", "activation-codes", "--local-number", "0000010022").stdout.strip() == "none"


def test_an_account_is_suspended_reinstated_and_closed(machi: Machi, town: Town) -> None:
    from idp.residents.model import Resident
    from idp.residents.unified_id import grouped

    town.signed_in()
    number = grouped(town.rows(Resident)[0].unified_id)
    for words, state in (
        (("suspend", number, "--reason", "hijacking"), "suspended"),
        (("reinstate", number.lower(), "--reason", "resolved"), "active"),
        (("close", number.replace("-", ""), "--reason", "moved_out"), "closed"),
    ):
        result = machi("residents", *words, "--json")
        assert (result.exit_code, facts(result)) == (0, {"unified_id": number, "state": state})
        assert town.rows(Resident)[0].state == state
    result = machi("residents", "reinstate", number, "--reason", "mistake")
    assert (result.exit_code, "closed" in result.output) == (1, True)
    result = machi("residents", "activation-code", "--local-number", "0000010011")
    assert (result.exit_code, "closed" in result.output) == (1, True)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("suspend", "7K3M-9QXT-2HA", "--reason", "other"), "nobody has this unified ID"),
        (("suspend", "nobody", "--reason", "other"), "nobody has this unified ID"),
        (("suspend", "7K3M-9QXT-2HA"), "--reason"),
        (("close", "7K3M-9QXT-2HA", "--reason", "hijacking"), "hijacking"),
    ],
    ids=["unknown", "no-id", "no-reason", "wrong-reason"],
)
def test_accounts_that_are_not_changed(machi: Machi, town: Town, words: tuple[str, ...], says: str) -> None:
    result = machi("residents", *words)
    assert result.exit_code != 0
    assert says in result.output
    assert town.events("account_suspended") == town.events("account_closed") == []
